// lab10_udpchat, the client; and both, with a bad network between them.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "chat.hpp"
#include "check.hpp"
#include "common.hpp"
#include "loop.hpp"
#include "patience.hpp"
#include "questions.hpp"
#include "relay.hpp"
#include "submission.hpp"
#include "terminal.hpp"

using namespace grade;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Lab kLab{10, "lab10_udpchat"};
constexpr Weather kStorm{.dropped = 0.33, .doubled = 0.2, .reordered = 0.2};
// As long as they come in, which a client tries for ten seconds.
constexpr Weather kOnTheWay{.dropped = 0.05, .doubled = 0.2, .reordered = 0.05};
const std::string kNick = "Nick: ";

Setup towards(std::uint16_t port) {
  return {.arguments = {"127.0.0.1", std::to_string(port)}};
}

// A client that is in the grader's chat as anna.
struct Anna {
  explicit Anna(Setup setup = {}) : client(kLab, with_address(std::move(setup))) {
    client.type("anna\n");
    REQUIRE(host.welcomes("anna"));
    REQUIRE(client.says("connect", {host.address()}));
  }
  Setup with_address(Setup setup) {
    setup.arguments = {"127.0.0.1", host.port()};
    return setup;
  }
  Outcome is_told(std::string_view text) {
    return Outcome::of(
        wait_until([&] { return client.err().all().find(text) != std::string::npos; }),
        "not told: \"" + excerpt(text) + '"');
  }
  ChatHost host;
  Client client;
};

Setup on_terminal(const ChatHost& host) {
  return {
      .arguments = {"127.0.0.1", host.port()}, .in = kTerminal, .out = kTerminal, .err = kTerminal};
}

// It joins, says a line, so that it is known to read from its terminal, and begins another one.
void is_in_mid_line(Client& client, ChatHost& host) {
  client.type("anna\n");
  REQUIRE(host.welcomes("anna"));
  REQUIRE(client.terminal().until("connect").has_value());
  client.type("a whole line\n");
  REQUIRE(host.is_told(1, "a whole line"));
  client.type("half a line");
  REQUIRE(client.terminal().until("half a line").has_value());
}

// A client on a terminal, to which a message has come in the middle of a line.
struct Interrupted {
  Interrupted() : client(kLab, on_terminal(host)) {
    is_in_mid_line(client, host);
    host.send("MSG 1 boris\nhello");
    REQUIRE(client.terminal().until("boris: hello").has_value());
  }

  ChatHost host;
  Client client;
};

// `people` clients say `lines` lines each, through a network as bad as `weather`. Each of the
// others shows each line once, and each speaker's in order.
void talk_through(Weather weather, std::size_t people, int lines, std::uint64_t seed) {
  CAPTURE(seed);
  Server server(kLab, {.arguments = {std::to_string(free_udp_port())}, .in = "/dev/null"});
  Relay relay(chat_address(server), kOnTheWay, seed);
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < people; ++i) {
    clients.push_back(std::make_unique<Client>(kLab, towards(relay.port())));
    clients.back()->type("user" + std::to_string(i) + "\n");
  }
  for (auto& client : clients) REQUIRE(client->says("connect"));
  relay.turns(weather);
  for (int line = 1; line <= lines; ++line) {
    for (auto& client : clients) client->type("line " + std::to_string(line) + "\n");
  }
  const auto count_lines = [](Client& client) {
    return static_cast<std::size_t>(std::ranges::count(client.out().all(), '\n'));
  };
  const std::size_t expected = (people - 1) * static_cast<std::size_t>(lines);
  for (auto& client : clients) {
    REQUIRE(wait_until([&] { return count_lines(*client) >= expected; }, 10 * patience()));
  }
  for (auto& client : clients) client->end_input();
  // One whose last ACKs are lost may say its line again for half a minute.
  wait_until(
      [&] {
        return std::ranges::all_of(clients, [](auto& each) { return each->ending().has_value(); });
      },
      seconds(60));
  for (auto& client : clients) CHECK(client->exits(0));
  for (std::size_t hearer = 0; hearer < people; ++hearer) {
    for (std::size_t speaker = 0; speaker < people; ++speaker) {
      const std::string nick = "user" + std::to_string(speaker) + ": ";
      std::string said;
      for (int line = 1; line <= lines && speaker != hearer; ++line) {
        said += nick + "line " + std::to_string(line) + "\n";
      }
      std::string shown;
      std::istringstream lines_shown(clients[hearer]->out().all());
      for (std::string line; std::getline(lines_shown, line);) {
        if (line.starts_with(nick)) shown += line + "\n";
      }
      REQUIRE(first_difference(said, shown) == "");
    }
  }
}

}  // namespace

TEST_SUITE("lab10") {
  TEST_CASE("client: usage, bad arguments, and a host that does not resolve") {
    common::usage_is_told(kLab, "client");
    common::bad_arguments_are_refused(kLab, "client");
    Client client(kLab, {.arguments = {"no-such-host.invalid", "9090"}});
    client.type("anna\n");  // it may ask all that it has to ask before it resolves anything
    REQUIRE(client.exits(1));
    CHECK(client.says("error", {"no-such-host.invalid"}));
    CHECK(client.count("error") == 1);
  }

  TEST_CASE("client: asks for host, port and nick") {
    ChatHost host;
    Client client(kLab, Setup{});
    REQUIRE(client.err().until(questions::kHost).has_value());
    client.type("\n");
    REQUIRE(client.err().until(questions::kPort).has_value());
    client.type("70000\n");
    REQUIRE(client.err().until(questions::kPort).has_value());
    client.type(host.port() + "\n");
    REQUIRE(client.err().until(kNick).has_value());
    client.type("  Анна \r\n");
    CHECK(host.welcomes("Анна"));
    CHECK(client.says("connect", {host.address()}));
  }

  TEST_CASE("client: end of input at its nick is the end") {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    REQUIRE(client.err().until(kNick).has_value());
    client.end_input();
    CHECK(client.exits(0));
    CHECK(!host.hears("JOIN", milliseconds(1)));
  }

  TEST_CASE("client: end of input at its nick after an ERROR is the end, too") {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    client.type("anna\n");
    client.end_input();
    REQUIRE(host.refuses("anna"));
    CHECK(client.exits(0));
    CHECK(client.out().all() == "");
  }

  TEST_CASE("client: an ERROR is shown and the nick asked for again") {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    client.type("anna\n");
    REQUIRE(client.err().until(kNick).has_value());
    REQUIRE(host.refuses("anna"));
    const auto before = client.err().until(kNick);
    REQUIRE(before.has_value());
    CHECK(before->find("anna already") != before->npos);
    CHECK(before->find('\x1b') == before->npos);
    client.type("boris\n");
    CHECK(host.welcomes("boris"));
    CHECK(client.says("connect", {host.address()}));
  }

  TEST_CASE("client: says JOIN again until it is answered" * kLong) {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    client.type("anna\n");
    for (int i = 0; i < 3; ++i) CHECK(host.hears("JOIN") == "JOIN anna");
    CHECK(host.welcomes("anna"));
    CHECK(client.says("connect", {host.address()}));
  }

  TEST_CASE("client: says each line, again until it is acknowledged" * kIdea) {
    Anna anna;
    anna.client.type("hello\nПривет!\n\n//slash\n/unknown word\ntab\there\r\n");
    CHECK(anna.host.hears("SAY").has_value());
    CHECK(anna.host.is_told(1, "hello"));
    CHECK(anna.host.is_told(2, "Привет!"));
    CHECK(anna.host.is_told(3, "/slash"));
    CHECK(anna.host.is_told(4, "tab\there"));
    CHECK(anna.is_told("/unknown"));
    anna.client.type("/quit\n");
    CHECK(anna.host.says_goodbye());
    CHECK(anna.client.exits(0));
    CHECK(anna.client.out().all() == "");
  }

  TEST_CASE("client: says what was typed together with its nick" * kLong) {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    client.type("anna\nfirst\nsecond\n");
    REQUIRE(host.welcomes("anna"));
    CHECK(host.is_told(1, "first"));
    CHECK(host.is_told(2, "second"));
  }

  TEST_CASE("reference: what was typed together with its nick does not wait for the next PING") {
    ChatHost host;
    Client client(kLab, towards(host.socket().port()));
    client.type("anna\nfirst\n");
    REQUIRE(host.welcomes("anna"));
    int pings = 0;  // the first comes at once, and another after 5 s
    while (const auto next = host.socket().receive()) {
      if (next->bytes.starts_with("SAY ")) break;
      if (next->bytes.starts_with("PING ")) ++pings;
    }
    CHECK(pings <= 1);
    CHECK(host.is_told(1, "first"));  // again, since nothing has acknowledged it
  }

  TEST_CASE("client: a line that is too long goes as several, cut between characters") {
    Anna anna;
    std::string line = "x";
    while (line.size() < 4500) line += "Ж€😀";
    anna.client.type(line + "\n");
    std::string said;
    for (std::uint64_t number = 1; said.size() < line.size(); ++number) {
      const auto datagram = anna.host.hears("SAY");
      REQUIRE(datagram.has_value());
      const std::vector<std::string> words = words_of(*datagram);
      REQUIRE(words.size() == 3);
      if (words[2] != std::to_string(number)) {
        --number;  // one that is said again
        continue;
      }
      anna.host.send("ACK " + std::to_string(number));
      const std::string piece = text_of(*datagram);
      REQUIRE(!piece.empty());
      CHECK(piece.size() <= 1000);
      CHECK((static_cast<unsigned char>(piece.front()) & 0xC0) != 0x80);
      said += piece;
    }
    CHECK(first_difference(line, said) == "");
  }

  TEST_CASE("client: shows what is said, once and in order, and acknowledges it" * kIdea) {
    Anna anna;
    anna.host.send("MSG 2 boris\nsecond");
    CHECK(anna.host.hears("ACK") == "ACK " + anna.host.token() + " 2");
    anna.host.send("MSG 1 boris\nfirst");
    CHECK(anna.client.prints("boris: first\nboris: second\n"));  // and nobody says 2 again
    anna.host.send("MSG 1 boris\nfirst");
    anna.host.send("MSG 2 boris\nsecond");
    anna.host.send("NOTE 3\nКлара is here");
    anna.host.send("MSG 4 Клара\nПривет,\tвсем: привет");
    CHECK(anna.client.prints("Клара: Привет,\tвсем: привет\n"));
    CHECK(anna.is_told("* Клара is here\n"));
    anna.client.type("/quit\n");
    CHECK(anna.host.says_goodbye());
    CHECK(anna.client.exits(0));
    CHECK(anna.client.out().rest() == "");
  }

  TEST_CASE("client: /who shows who is there") {
    Anna anna;
    anna.client.type("/who\n");
    CHECK(anna.host.hears("WHO") == "WHO " + anna.host.token());
    anna.host.send("MEMBERS anna boris Клара");
    CHECK(anna.is_told("* here: anna boris Клара\n"));
  }

  TEST_CASE("client: what is malformed, or comes from somebody else, is not shown") {
    Anna anna;
    UdpSocket stranger;
    stranger.send(anna.host.client(), "MSG 1 mallory\nI am the server");
    stranger.send(anna.host.client(), "BYE");
    for (const char* odd : {"", "MSG", "MSG 1", "MSG 1 boris", "MSG x boris\nx", "MSG 0 boris\nx",
                            "MSG 1 boris\n\x1b[31m", "MSG 1 boris\n\xff", "MSG 1 \nx", "NOTE 1",
                            "MSG 1 bo\x1bris\nx", "NOTE 1\na\nb", "HELLO", "WELCOME", "ACK x"}) {
      anna.host.send(odd);
    }
    anna.host.send("MSG 1 boris\nis alone here");
    CHECK(anna.client.prints("boris: is alone here\n"));
    anna.client.end_input();
    CHECK(anna.host.says_goodbye());
    CHECK(anna.client.exits(0));
    CHECK(anna.client.out().all() == "boris: is alone here\n");
    CHECK(anna.client.err().all().find('\x1b') == std::string::npos);
  }

  TEST_CASE("client: at the end of its input it waits for its ACKs, and says LEAVE five times" *
            kLong) {
    Anna anna;
    anna.client.type("the last word");
    anna.client.end_input();
    for (int i = 0; i < 3; ++i) CHECK(anna.host.hears("SAY").has_value());
    CHECK(anna.host.is_told(1, "the last word"));
    for (int i = 0; i < 5; ++i) CHECK(anna.host.hears("LEAVE") == "LEAVE " + anna.host.token());
    CHECK(anna.client.exits(0));
    CHECK(!anna.host.hears("LEAVE", milliseconds(1)));
  }

  TEST_CASE("client: sends PING every 5 s" * kLong) {
    const Clock::time_point begin = Clock::now();
    Anna anna;
    for (int i = 0; i < 3; ++i) {
      const auto ping = anna.host.hears("PING", patience() + seconds(5));
      CHECK(ping == "PING " + anna.host.token());
      anna.host.send("PONG");
    }
    CHECK(Clock::now() - begin > seconds(9));  // the first may come at once, the third 10 s later
  }

  TEST_CASE("client: no server within 10 s is an error and exit 1, and ICMP is no answer" * kLong) {
    const Clock::time_point begin = Clock::now();
    Client client(kLab, towards(free_udp_port()));
    client.type("anna\n");
    wait_until([&] { return client.ending().has_value(); }, seconds(10) + patience());
    CHECK(client.exits(1));
    CHECK(client.count("error") == 1);
    CHECK(Clock::now() - begin > seconds(9));
  }

  TEST_CASE("client: after 15 s of silence it says disconnect, and joins again" * kLong) {
    Anna anna;
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = begin + seconds(20) + patience();
    std::optional<std::string> wish;
    do {  // what comes sooner is of its first joining
      wish = anna.host.hears("JOIN", end - Clock::now());
    } while (wish && Clock::now() - begin < seconds(13));
    REQUIRE(wish.has_value());
    CHECK(anna.client.says("disconnect"));
    if (*wish == "JOIN anna") {
      CHECK(anna.host.welcomes("anna"));
    } else {  // with the cookie that it has, which may be as good as ever
      CHECK(*wish == "JOIN anna c00c1e");
      anna.host.send("WELCOME " + anna.host.token());
    }
    CHECK(wait_until([&] { return anna.client.count("connect") == 2; }));
    anna.client.type("again\n");
    CHECK(anna.host.is_told(1, "again"));
  }

  TEST_CASE("client: output that cannot be written is an error and exit 1") {
    Anna anna({.out = "/dev/full"});
    anna.host.send("MSG 1 boris\nhello");
    CHECK(anna.client.exits(1));
    CHECK(anna.client.says("error"));
  }

  TEST_CASE("client: interrupted it ends by the signal with the terminal as it was") {
    ChatHost host;
    Client client(kLab, on_terminal(host));
    is_in_mid_line(client, host);
    client.type("\x03");  // Ctrl-C
    CHECK(client.is_ended_by(SIGINT));
    CHECK(terminal_settings(client.terminal_channel().descriptor()) == untouched_terminal());
  }

  TEST_CASE("client: a line that a message comes into is sent whole") {
    Interrupted typing;
    typing.client.type(", and the rest\n");
    CHECK(typing.host.is_told(2, "half a line, and the rest"));
    typing.client.type("/quit\n");
    CHECK(typing.host.says_goodbye());
    CHECK(typing.client.exits(0));
  }

  TEST_CASE("reference: what arrives does not wreck the line that is being typed") {
    Interrupted typing;
    CHECK(typing.client.terminal().until("half a line").has_value());  // there again, below
  }

  // ---- Both ----

  TEST_CASE("both: a chat through a good network") {
    talk_through({}, 3, 50, 0);
  }

  TEST_CASE("both: a chat through a network that drops, doubles and reorders" * kLongIdea) {
    talk_through(kStorm, 3, 8, random_below(1'000'000));
  }
}

// What takes its time, and hardly any of the machine's: `make test` runs it beside the rest.
TEST_SUITE("slow") {
  TEST_CASE("lab10: 10 clients with 100 lines each through the bad network") {
    talk_through(kStorm, 10, 100, random_below(1'000'000));
  }

  TEST_CASE("lab10: the dead are removed, a lost server is noticed, a returned one rejoined") {
    const Setup setup{.arguments = {std::to_string(free_udp_port())}, .in = "/dev/null"};
    auto server = std::make_unique<Server>(kLab, setup);
    const Address address = chat_address(*server);
    auto boris = std::make_unique<Client>(kLab, towards(address.port()));
    boris->type("boris\n");
    REQUIRE(boris->says("connect"));
    Client anna(kLab, towards(address.port()));
    anna.type("anna\n");
    REQUIRE(anna.says("connect"));
    const Clock::time_point killed = Clock::now();
    boris->signal(SIGKILL);
    CHECK(wait_until([&] { return anna.err().all().find("* boris") != std::string::npos; },
                     seconds(30) + patience()));
    CHECK(Clock::now() - killed > seconds(24));
    CHECK(server->count("disconnect") == 1);

    server->signal(SIGKILL);
    CHECK(server->is_ended_by(SIGKILL));
    anna.type("said to nobody\n");
    CHECK(wait_until([&] { return anna.count("disconnect") == 1; }, seconds(15) + patience()));
    server = std::make_unique<Server>(kLab, setup);
    Visitor witness(chat_address(*server));
    REQUIRE(witness.joins("witness"));
    CHECK(wait_until([&] { return anna.count("connect") == 2; }));
    CHECK(witness.hears_note_about("anna"));
    CHECK(witness.hears_line("anna", "said to nobody"));
  }
}
