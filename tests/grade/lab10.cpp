// lab10_udpchat, the server: a chat in which nothing is lost, over a network that loses.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat.hpp"
#include "check.hpp"
#include "common.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "questions.hpp"
#include "relay.hpp"
#include "runaway.hpp"
#include "scratch.hpp"
#include "udp.hpp"

using namespace grade;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Lab kLab{10, "lab10_udpchat"};
constexpr std::size_t kHeaders = 28;  // of IPv4 and UDP

Setup on_port(std::uint16_t port) {
  return {.arguments = {std::to_string(port)}, .in = "/dev/null"};
}

Setup on_a_free_port() {
  return on_port(free_udp_port());
}

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

std::string random_bytes(std::size_t count) {
  std::string bytes;
  while (count-- > 0) bytes.push_back(static_cast<char>(random_below(256)));
  return bytes;
}

// In bytes; of the whole family, since a program may be started by a script.
std::size_t memory_of(pid_t pid) {
  std::size_t pages = 0;
  for (const pid_t member : proc::family(pid)) {
    const auto numbers =
        proc::split(scratch::read_file("/proc/" + std::to_string(member) + "/statm"));
    if (numbers.size() > 1) pages += std::stoul(numbers[1]);
  }
  return pages * 4096;
}

// Anna and Boris are in, and have heard of nobody else since.
struct Pair {
  explicit Pair(const Address& server) : anna(server), boris(server) { come_in(); }
  Pair(const Address& server, const std::string& host) : anna(server, host), boris(server, host) {
    come_in();
  }
  void come_in() {
    REQUIRE(anna.joins("anna"));
    REQUIRE(boris.joins("boris"));
    REQUIRE(anna.hears_note_about("boris"));
  }
  void talk(std::string_view text = "Is the chat alive?") {
    REQUIRE(anna.says(text));
    REQUIRE(boris.hears_line("anna", text));
  }
  Visitor anna;
  Visitor boris;
};

// Sends from an address that has not proven itself, and measures what comes back.
void is_not_amplified(Server& server, UdpSocket& stranger, const Address& to,
                      std::string_view datagram) {
  CAPTURE(escaped(datagram));
  stranger.send(to, datagram);
  Visitor witness(to);  // its cookie comes after all that is sent to the stranger
  REQUIRE(!witness.ask_cookie("witness").empty());
  std::size_t size = 0;
  while (const auto answer = stranger.receive(milliseconds(1))) {
    size += answer->bytes.size() + kHeaders;
  }
  CHECK(size <= 3 * (datagram.size() + kHeaders));
  CHECK(!server.is_over());
}

}  // namespace

TEST_SUITE("lab10") {
  // ---- The server: how it starts and ends ----

  TEST_CASE("server: usage, bad arguments, and what is wrong with them") {
    common::usage_is_told(kLab, "server");
    common::bad_arguments_are_refused(kLab, "server");
    common::complaint_stands_before_usage(kLab, "server");
  }

  TEST_CASE("server: asks for its port until it is one, and says which it is") {
    const std::string port = std::to_string(free_udp_port());
    Server server(kLab, Setup{});
    REQUIRE(server.err().until(questions::kPort).has_value());
    questions::each_is_refused(server, questions::kPort, {"abc", "0", "65536"}, {"1", "65535"});
    server.type(port + "\n");
    CHECK(server.out().brings("Listening on port " + port + "\n"));
    CHECK(server.says("listen", {port}));
    CHECK(server.stops_on({SIGTERM}));
  }

  TEST_CASE("server: a port that is busy makes it take the next one") {
    for (const std::string busy : {"0.0.0.0", "127.0.0.1", "::"}) {
      if (busy == "::" && !machine_has_ipv6()) continue;
      CAPTURE(busy);
      const UdpSocket other(busy);
      Server server(kLab, on_port(other.port()));
      const Address moved = chat_address(server);
      CHECK(moved.port() != other.port());
      CHECK(Visitor(moved).joins("anna"));
    }
  }

  TEST_CASE("server: two of them do not share a port") {
    Server first(kLab, on_a_free_port());
    const Address address = chat_address(first);
    Server second(kLab, on_port(address.port()));
    CHECK(chat_address(second).port() != address.port());
  }

  TEST_CASE("server: is stopped by a signal at any instant") {
    for (int round = 0; round < 8; ++round) {
      Server server(kLab, on_a_free_port());
      REQUIRE(server.says("start"));
      let_pass(std::chrono::microseconds(random_below(3000)));
      REQUIRE(server.stops_on({random_below(2) == 0 ? SIGINT : SIGTERM}));
    }
    Server server(kLab, on_a_free_port());
    Pair pair(chat_address(server));
    CHECK(server.stops_on({SIGINT, SIGTERM}));
  }

  // ---- The server: who is in ----

  TEST_CASE("server: a JOIN gets a cookie, and with it a token, again and again the same" * kIdea) {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Visitor anna(address);
    REQUIRE(anna.joins("anna"));
    Visitor boris(address);
    const std::string cookie = boris.ask_cookie("boris");
    REQUIRE(!cookie.empty());
    for (int i = 0; i < 3; ++i) boris.send("JOIN boris " + cookie);
    const std::string welcome = boris.answer();
    CHECK(welcome.starts_with("WELCOME "));
    CHECK(boris.is_answered(welcome));
    CHECK(boris.is_answered(welcome));
    CHECK(welcome != "WELCOME " + anna.token());
    CHECK(anna.hears_note_about("boris"));
    CHECK(anna.hears_nothing_more());
    CHECK(server.count("connect") == 2);
  }

  TEST_CASE("server: a cookie is worth nothing at another port, or if it is made up") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Visitor anna(address, "127.0.0.1");
    Visitor thief(address, "127.0.0.1");
    const std::string cookie = anna.ask_cookie("anna");
    for (const std::string& wrong :
         {cookie, cookie + "0", std::string("0"), std::string("COOKIE")}) {
      CAPTURE(wrong);
      thief.send("JOIN anna " + wrong);
      CHECK(thief.answer().starts_with("COOKIE "));
    }
    CHECK(server.has_not_said("connect"));
  }

  TEST_CASE("server: a nick that is taken, or is none, gets an ERROR") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Visitor anna(address);
    REQUIRE(anna.joins("anna"));
    for (const std::string& nick :
         {std::string("anna"), std::string("..."), letters(33), times(33, "Я"),
          std::string("a\x01"), std::string("a\tb"), std::string("a\xc2\x9f")}) {
      CAPTURE(escaped(nick));
      Visitor boris(address);
      const std::string cookie = boris.ask_cookie(nick);
      REQUIRE(!cookie.empty());
      boris.send("JOIN " + nick + " " + cookie);
      CHECK(boris.answer().starts_with("ERROR "));
    }
    Visitor longest(address);
    CHECK(longest.joins(times(32, "Я")));
  }

  TEST_CASE("server: PING, WHO and LEAVE are answered, and a nick is free again after it") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Pair pair(address);
    pair.anna.send("PING " + pair.anna.token());
    CHECK(pair.anna.is_answered("PONG"));
    pair.anna.send("WHO " + pair.anna.token());
    const std::vector<std::string> members = words_of(pair.anna.answer());
    REQUIRE(members.size() == 3);
    CHECK(members[0] == "MEMBERS");
    CHECK(((members[1] == "anna" && members[2] == "boris") ||
           (members[1] == "boris" && members[2] == "anna")));
    pair.boris.send("LEAVE " + pair.boris.token());
    CHECK(pair.boris.is_answered("BYE"));
    CHECK(pair.anna.hears_note_about("boris"));
    CHECK(server.says("disconnect", {pair.boris.socket().address().text()}));
    Visitor again(address);
    CHECK(again.joins("boris"));
  }

  TEST_CASE("server: who is silent for 30 s is removed, and the others are told" * kLong) {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    const Clock::time_point begin = Clock::now();
    Pair pair(address);
    std::string note;
    while (note.empty() && Clock::now() - begin < seconds(40) + patience()) {
      pair.anna.send("PING " + pair.anna.token());
      REQUIRE(pair.anna.is_answered("PONG"));
      note = pair.anna.hears(seconds(5));
    }
    CHECK(Clock::now() - begin > seconds(25));
    CHECK(words_of(note) == std::vector<std::string>{"NOTE"});
    CHECK(text_of(note).find("boris") != std::string::npos);
    pair.anna.send("WHO " + pair.anna.token());
    CHECK(pair.anna.is_answered("MEMBERS anna"));
    Visitor again(address);
    CHECK(again.joins("boris"));
  }

  TEST_CASE("server: MEMBERS has as many as fit") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    std::vector<std::unique_ptr<Visitor>> many;
    for (int i = 10; i < 30; ++i) {
      many.push_back(std::make_unique<Visitor>(address));
      REQUIRE(many.back()->joins(times(30, "Ж") + std::to_string(i)));
    }
    many[0]->send("WHO " + many[0]->token());
    const std::string members = many[0]->answer();
    CHECK(members.size() <= 1200);
    CHECK(members.ends_with(" ..."));
    CHECK(words_of(members).size() > 15);
  }

  // ---- The server: what is said ----

  TEST_CASE("server: a line reaches each of the others once, as it is" * kIdea) {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Pair pair(address);
    Visitor clara(address);
    REQUIRE(clara.joins("Клара"));
    CHECK(pair.anna.hears_note_about("Клара"));
    CHECK(pair.boris.hears_note_about("Клара"));
    for (const std::string& text : {std::string("hello"), std::string("Привет,\tмир!"),
                                    std::string(" SAY x 1 "), letters(1000), times(500, "Ж")}) {
      CAPTURE(excerpt(text));
      CHECK(clara.says(text));
      CHECK(pair.anna.hears_line("Клара", text));
      CHECK(pair.boris.hears_line("Клара", text));
    }
    CHECK(clara.hears_nothing_more());
    CHECK(pair.anna.hears_nothing_more());
  }

  TEST_CASE("server: what comes twice is passed on once, what comes early waits" * kIdea) {
    Server server(kLab, on_a_free_port());
    Pair pair(chat_address(server));
    pair.anna.say(2, "second");
    CHECK(pair.anna.is_answered("ACK 2"));
    pair.anna.say(65, "64 ahead");
    CHECK(pair.anna.is_answered("ACK 65"));
    pair.anna.say(66, "65 ahead");
    CHECK(pair.boris.hears_nothing_more());
    pair.anna.say(1, "first");
    CHECK(pair.anna.is_answered("ACK 1"));  // and nothing for 66
    CHECK(pair.boris.hears_line("anna", "first"));
    CHECK(pair.boris.hears_line("anna", "second"));  // which nobody has to say again
    pair.anna.say(2, "second");
    CHECK(pair.anna.is_answered("ACK 2"));
    pair.anna.say(3, "third");
    CHECK(pair.anna.is_answered("ACK 3"));
    CHECK(pair.boris.hears_line("anna", "third"));
    CHECK(pair.boris.hears_nothing_more());
  }

  TEST_CASE("server: a line is sent again until it is acknowledged" * kLongIdea) {
    Server server(kLab, on_a_free_port());
    Pair pair(chat_address(server));
    pair.boris.acknowledges(false);
    CHECK(pair.anna.says("hello"));
    CHECK(wait_until([&] {
      pair.boris.take_datagrams();
      return pair.boris.times_received(1) >= 3;
    }));
    CHECK(pair.boris.hears_line("anna", "hello"));
    pair.boris.acknowledges(true);
    pair.boris.send("ACK " + pair.boris.token() + " 1");
    CHECK(pair.boris.hears_nothing_more());
    const std::size_t times = pair.boris.times_received(1);
    let_pass(milliseconds(1200));
    pair.boris.take_datagrams();
    CHECK(pair.boris.times_received(1) == times);
  }

  // ---- The server: what is none of its members' ----

  TEST_CASE("server: a token is worth nothing at another port, or at another address" * kIdea) {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Pair pair(address, "127.0.0.1");
    UdpSocket at_another_port("127.0.0.1");
    UdpSocket at_another_address("127.0.0.2", pair.anna.socket().port());
    const std::string zeros(32, '0');
    for (UdpSocket* const thief : {&at_another_port, &at_another_address}) {
      for (const std::string& token : {pair.anna.token(), zeros}) {
        thief->send(address, "SAY " + token + " 1\nI am anna");
        for (const char* verb : {"PING ", "WHO ", "LEAVE "}) thief->send(address, verb + token);
        thief->send(address, "ACK " + token + " 1");
      }
    }
    for (const std::string& wrong : {zeros, pair.boris.token(), pair.anna.token() + "0",
                                     pair.anna.token().substr(1), std::string()}) {
      pair.anna.send("LEAVE " + wrong);
      pair.anna.send("SAY " + wrong + " 1\nwith a wrong token");
    }
    pair.talk();
    CHECK(pair.boris.hears_nothing_more());
    CHECK(!at_another_port.receive(milliseconds(50)).has_value());
    CHECK(at_another_address.arrived().empty());
    CHECK(server.count("disconnect") == 0);
    CHECK(server.count("error") <= 3);  // at most one a second
  }

  TEST_CASE("server: datagrams of every length, and of random bytes, change nothing" * kIdea) {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Pair pair(address);
    UdpSocket stranger;
    stranger.hush();
    const std::string say = "SAY " + pair.anna.token() + " 7\n";
    for (std::size_t size = 0; size <= 1500; ++size) {
      stranger.send(address, random_bytes(size));
      stranger.send(address, ("JOIN " + std::string(size, 'x')).substr(0, size));
      stranger.send(address, std::string(size, '\0'));
      if (size % 20 == 0) pair.talk("line at " + std::to_string(size));
      if (size > 1000) pair.anna.send(say + std::string(size, 'y'));
    }
    for (const char* text : {"a\nb", "\x1b[31m", "\xff", "\xc0\xaf", "\x7f", "\xc2\x85"}) {
      pair.anna.send(say + text);
    }
    stranger.send(address, "JOIN  x");  // with no nick, or with no cookie: an answer is no mistake
    for (const char* odd : {"", " ", "\n", "SAY", "SAY ", "JOIN", "JOIN a b c", "say", "HELLO",
                            "ACK", "PING\n", "MSG 1 anna\nx", "WELCOME x"}) {
      pair.anna.send(odd);
    }
    for (const char* number : {"0", "-1", "1.5", "x", "99999999999999999999999", ""}) {
      pair.anna.send("SAY " + pair.anna.token() + " " + number + "\ntext");
    }
    pair.talk("after it");
    CHECK(pair.boris.hears_nothing_more());
  }

  TEST_CASE("server: no answer to a stranger is longer than three times the question") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    UdpSocket stranger;
    Visitor real(address);
    const std::string cookie = real.ask_cookie("x");
    for (const std::string& datagram :
         {std::string(), std::string("J"), std::string("JOIN"), std::string("JOIN x"),
          std::string("JOIN x y"), std::string("JOIN ... 1"), "JOIN x " + cookie,
          "WHO " + std::string(32, '0'), std::string("PING")}) {
      is_not_amplified(server, stranger, address, datagram);
    }
    // With a cookie of its own it is no stranger to its address, and still is no member.
    Visitor anna(address);
    REQUIRE(anna.joins("x"));
    const std::string wish = "JOIN x " + real.ask_cookie("x");
    real.send(wish);
    const std::string refusal = real.answer();
    CHECK(refusal.starts_with("ERROR "));
    CHECK(refusal.size() + kHeaders <= 3 * (wish.size() + kHeaders));
  }

  TEST_CASE("server: 100,000 JOINs from 50 addresses leave no trace in its memory") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    if (!possible(!is_sanitized("/proc/" + std::to_string(server.pid()) + "/exe"),
                  "the sanitizer in this server keeps what is freed")) {
      return;
    }
    Pair pair(address);
    std::vector<std::unique_ptr<UdpSocket>> crowd;
    for (int i = 1; i <= 50; ++i) {
      crowd.push_back(std::make_unique<UdpSocket>("127.0.0." + std::to_string(i)));
      crowd.back()->hush();
    }
    const auto flood = [&](int rounds) {
      for (int round = 0; round < rounds; ++round) {
        for (auto& socket : crowd) {
          socket->send(address, "JOIN visitor" + std::to_string(random_below(1'000'000)));
        }
        if (round % 50 == 0) pair.talk("round " + std::to_string(round));
        for (auto& socket : crowd) socket->arrived().clear();
      }
    };
    flood(50);
    // What is kept makes it grow each time. A garbage collector lets memory grow at first, and then
    // takes from what it has.
    constexpr int kFloods = 5;
    std::size_t least = SIZE_MAX;
    for (int i = 0; i < kFloods && least >= 2'000'000; ++i) {
      const std::size_t before = memory_of(server.pid());
      flood(1950);
      const std::size_t after = memory_of(server.pid());
      least = std::min(least, after - std::min(before, after));
    }
    CHECK(Outcome::of(least < 2'000'000, "the server's memory grew with each 97,500 JOINs, by " +
                                             std::to_string(least) + " bytes at least"));
    CHECK(server.count("connect") == 2);
  }

  TEST_CASE("server: is idle when nobody speaks") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    std::vector<std::unique_ptr<Visitor>> many;
    for (int i = 0; i < 30; ++i) {
      many.push_back(std::make_unique<Visitor>(address));
      REQUIRE(many.back()->joins("member" + std::to_string(i)));
    }
    REQUIRE(wait_until([&] {
      for (auto& visitor : many) visitor->take_datagrams();
      return many[0]->times_received(29) > 0;
    }));
    CHECK(server.is_idle());
  }

  TEST_CASE("server: its log names the members, and has no token in it") {
    Server server(kLab, on_a_free_port());
    const Address address = chat_address(server);
    Pair pair(address);
    pair.talk();
    pair.anna.send("LEAVE " + pair.anna.token());
    CHECK(pair.anna.is_answered("BYE"));
    CHECK(server.says("start", {kLab.name}));
    CHECK(server.says("listen", {std::to_string(address.port())}));
    CHECK(server.says("connect", {pair.anna.socket().address().text()}));
    CHECK(server.says("disconnect", {pair.anna.socket().address().text()}));
    CHECK(server.stops_on({SIGTERM}));
    CHECK(server.count("receive") + server.count("send") == 0);
    const std::string log = scratch::read_file(server.log_path());
    CHECK(log.find(pair.anna.token()) == log.npos);
    for (const std::string& line : server.message_lines()) CHECK(flaw_of_log_line(line) == "");
  }

  TEST_CASE("server: is reached by IPv6 too") {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    Server server(kLab, on_a_free_port());
    const Address ipv4 = chat_address(server);
    Visitor anna(Address("::1", ipv4.port()), "::1");
    REQUIRE(anna.joins("anna"));
    Visitor boris(ipv4);
    REQUIRE(boris.joins("boris"));
    CHECK(server.says("connect", {anna.socket().address().text()}));
    CHECK(server.says("connect", {boris.socket().address().text()}));
    CHECK(boris.says("from IPv4"));
    CHECK(anna.hears_note_about("boris"));
    CHECK(anna.hears_line("boris", "from IPv4"));
  }
}
