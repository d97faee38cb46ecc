// lab6_identify: the server speaks first, and knows again who has told it a name.

#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "names.hpp"
#include "terminal.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[5];
constexpr char kAsk[] = "ASK name What is your name?";

Setup in_folder(const std::string& folder) {
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

std::string meeting(const std::string& name) {
  return "OK Nice to meet you, " + name + "!";
}

std::string greeting(const std::string& name) {
  return "OK Hello, " + name + "!";
}

// An address of the loopback network that no other check has.
std::string new_address() {
  static int last = 0;
  ++last;
  return "127.6." + std::to_string(last / 250) + "." + std::to_string(last % 250 + 1);
}

// Somebody at this address is asked, and says this name.
void introduces(Server& server, const std::string& from, const std::string& name,
                const std::string& host = "127.0.0.1") {
  CAPTURE(from);
  CAPTURE(escaped(name));
  Talk talk(server, {.from = from}, host);
  REQUIRE(talk.is_asked("name"));
  talk.say(name);
  REQUIRE(talk.hears(meeting(name)));
  CHECK(talk.peer.leaves());
}

void is_known(Server& server, const std::string& from, const std::string& name,
              const std::string& host = "127.0.0.1") {
  CAPTURE(from);
  Talk talk(server, {.from = from}, host);
  REQUIRE(talk.hears(greeting(name)));
  CHECK(talk.peer.leaves());
}

void is_unknown(Server& server, const std::string& from, const std::string& host = "127.0.0.1") {
  CAPTURE(from);
  Talk talk(server, {.from = from}, host);
  REQUIRE(talk.is_asked("name"));
  talk.peer.close();
}

}  // namespace

TEST_SUITE("lab6") {
  // ---- The server: who is who ----

  TEST_CASE("server: speaks first and asks who is unknown for a name" * kIdea) {
    Server server(kLab);
    Talk talk(server);
    REQUIRE(talk.is_asked("name"));
    talk.say("Anna");
    CHECK(talk.hears(meeting("Anna")));
    talk.say("hello");
    CHECK(talk.hears("hello"));
    talk.say("exit");
    CHECK(talk.peer.is_closed());
  }

  TEST_CASE("server: greets a known address by its name whatever the port" * kIdea) {
    Server server(kLab);
    introduces(server, "127.0.0.1", "Anna");
    for (int round = 0; round < 3; ++round) is_known(server, "127.0.0.1", "Anna");
    Talk talk(server);
    REQUIRE(talk.hears(greeting("Anna")));
    talk.say("hello");
    CHECK(talk.hears("hello"));
  }

  TEST_CASE("server: tells addresses apart that begin alike" * kIdea) {
    Server server(kLab);
    const std::vector<std::string> addresses = {"127.0.0.12", "127.0.0.1",   "127.0.0.2",
                                                "127.0.0.3",  "127.0.0.121", "127.10.0.1"};
    for (const std::string& address : addresses) introduces(server, address, "at " + address);
    for (const std::string& address : addresses) is_known(server, address, "at " + address);
    is_unknown(server, "127.0.0.11");
    is_unknown(server, "127.0.0.120");
  }

  TEST_CASE("server: knows IPv6 addresses and takes an IPv4-mapped one for the IPv4 one") {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    const std::string folder = scratch::folder("families");
    for (const bool again : {false, true}) {
      CAPTURE(again);
      Server server(kLab, in_folder(folder));
      if (!again) {
        introduces(server, "127.0.0.1", "Anna");
        introduces(server, "::1", "Boris", "::1");
        introduces(server, "::ffff:127.0.0.5", "Clara", "::ffff:127.0.0.1");
      }
      is_known(server, "127.0.0.1", "Anna");
      is_known(server, "::ffff:127.0.0.1", "Anna", "::ffff:127.0.0.1");
      is_known(server, "::1", "Boris", "::1");
      is_known(server, "127.0.0.5", "Clara");
    }
  }

  TEST_CASE("server: two people may have one name") {
    Server server(kLab);
    introduces(server, "127.0.0.2", "Anna");
    introduces(server, "127.0.0.3", "Anna");
    is_known(server, "127.0.0.2", "Anna");
    is_known(server, "127.0.0.3", "Anna");
  }

  TEST_CASE("server: knows everybody again after restarts and after kill -9" * kIdea) {
    const std::string folder = scratch::folder("restarts");
    std::vector<std::string> addresses;
    for (int run = 0; run < 6; ++run) {
      CAPTURE(run);
      Server server(kLab, in_folder(folder));
      for (const std::string& address : addresses) is_known(server, address, "at " + address);
      addresses.push_back(new_address());
      introduces(server, addresses.back(), "at " + addresses.back());
      addresses.push_back(new_address());
      Talk last(server, {.from = addresses.back()});
      last.say("at " + addresses.back());
      REQUIRE(last.is_asked("name"));
      REQUIRE(last.hears(meeting("at " + addresses.back())));
      server.signal(run % 2 == 0 ? SIGKILL : SIGTERM);  // right after the OK
      REQUIRE((run % 2 == 0 ? server.is_ended_by(SIGKILL) : server.exits(0)));
    }
  }

  // ---- The server: names ----

  TEST_CASE("server: takes any name of 1 to 32 characters and keeps it over a restart" * kIdea) {
    const std::string folder = scratch::folder("names");
    std::vector<std::string> addresses;
    {
      Server server(kLab, in_folder(folder));
      for (const std::string& name : names::good()) {
        addresses.push_back(new_address());
        introduces(server, addresses.back(), name);
      }
    }  // which is kill -9
    Server server(kLab, in_folder(folder));
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      is_known(server, addresses[i], names::good()[i]);
    }
  }

  TEST_CASE("server: spaces around a name and a \\r at its end do not count") {
    Server server(kLab);
    const std::vector<std::pair<std::string, std::string>> answers = {
        {"  Anna", "Anna"}, {"Boris   ", "Boris"}, {" Clara \r", "Clara"}, {"Dora\r", "Dora"}};
    for (const auto& entry : answers) {
      const std::string& answer = entry.first;
      CAPTURE(escaped(answer));
      Talk talk(server, {.from = new_address()});
      talk.say(answer);
      REQUIRE(talk.is_asked("name"));
      CHECK(talk.hears(meeting(entry.second)));
    }
    Talk talk(server, {.from = new_address()});
    talk.say("  " + std::string(32, 'x') + "  ");
    REQUIRE(talk.is_asked("name"));
    CHECK(talk.hears(meeting(std::string(32, 'x'))));
  }

  TEST_CASE("server: refuses what is no name and asks again and closes after the third" * kIdea) {
    Server server(kLab);
    const std::string address = new_address();
    const std::vector<std::string> bad = names::bad();
    REQUIRE(bad.size() % 3 == 0);
    for (std::size_t i = 0; i < bad.size(); i += 3) {
      Talk talk(server, {.from = address});
      for (std::size_t attempt = i; attempt < i + 3; ++attempt) {
        CAPTURE(excerpt(bad[attempt]));
        REQUIRE(talk.is_asked("name"));
        talk.say(bad[attempt]);
        REQUIRE(talk.is_refused());
      }
      REQUIRE(talk.ends());
    }
    is_unknown(server, address);
    for (const std::string& line : server.message_lines()) CHECK(flaw_of_log_line(line) == "");
  }

  TEST_CASE("server: takes a good name on the second and on the third try") {
    Server server(kLab);
    for (int wrong = 1; wrong <= 2; ++wrong) {
      Talk talk(server, {.from = new_address()});
      for (int attempt = 0; attempt < wrong; ++attempt) {
        REQUIRE(talk.is_asked("name"));
        talk.say("");
        REQUIRE(talk.is_refused());
      }
      REQUIRE(talk.is_asked("name"));
      const std::string name = "Anna the " + std::to_string(wrong) + ".";
      talk.say(name);
      REQUIRE(talk.hears(meeting(name)));
      talk.say("hello");
      CHECK(talk.hears("hello"));
    }
  }

  TEST_CASE("server: exit as an answer is an answer") {
    Server server(kLab);
    Talk talk(server);
    talk.say_together({"exit", "hello", "exit"});
    CHECK(talk.is_asked("name"));
    CHECK(talk.hears_in_a_row({meeting("exit"), "hello"}));
    CHECK(talk.peer.is_closed());
  }

  TEST_CASE("server: an answer may come in pieces and with more behind it" * kIdea) {
    Server server(kLab);
    constexpr std::size_t kSize = 15;  // bytes of each answer
    for (std::size_t cut = 1; cut < kSize; ++cut) {
      CAPTURE(cut);
      const std::string name = "Жанна " + std::to_string(10 + cut);
      const std::string answer = name + "\r\n";
      Talk talk(server, {.from = new_address()});
      talk.peer.send(answer.substr(0, cut));
      REQUIRE(talk.peer.is_read());
      talk.peer.send(answer.substr(cut) + "hello\n");
      REQUIRE(talk.is_asked("name"));
      REQUIRE(talk.hears_in_a_row({meeting(name), "hello"}));
    }
  }

  // ---- The server: who leaves ----

  TEST_CASE("server: an answer that a close cut off is none") {
    Server server(kLab);
    const std::string address = new_address();
    Talk talk(server, {.from = address});
    REQUIRE(talk.is_asked("name"));
    talk.peer.send("Ann");
    talk.peer.finish_sending();
    CHECK(talk.ends());
    is_unknown(server, address);
  }

  TEST_CASE("server: leaving at the question stores nothing" * kIdea) {
    const std::string folder = scratch::folder("leaving");
    const std::string address = new_address();
    for (int run = 0; run < 2; ++run) {
      Server server(kLab, in_folder(folder));
      for (const std::string half : {"", "An"}) {
        for (const bool by_reset : {false, true}) {
          CAPTURE(half);
          CAPTURE(by_reset);
          Talk talk(server, {.from = address});
          REQUIRE(talk.is_asked("name"));
          talk.peer.send(half);
          by_reset ? talk.peer.reset() : talk.peer.close();
          CHECK(server.says("disconnect", {talk.peer.address()}));
        }
      }
      is_unknown(server, address);
    }
  }

  TEST_CASE("server: a name that cannot be stored gets ERR and a close and no OK" * kIdea) {
    const std::string folder = scratch::folder("full");
    // On the console, since the file's size limit below would silence a log in a file.
    REQUIRE(::symlink("/dev/stderr", (folder + "/server.log").c_str()) == 0);
    Server server(kLab, in_folder(folder));
    introduces(server, "127.0.0.1", "Anna");
    server.limit(RLIMIT_FSIZE, 0);  // as on a full disk
    for (const std::string address : {"127.0.0.2", "127.0.0.3"}) {
      Talk talk(server, {.from = address});
      REQUIRE(talk.is_asked("name"));
      talk.say("Boris");
      CHECK(talk.is_refused());
      CHECK(talk.ends());
      CHECK(server.err().until("[server] error: ").has_value());
    }
    server.limit(RLIMIT_FSIZE, RLIM_INFINITY);
    is_known(server, "127.0.0.1", "Anna");
    introduces(server, "127.0.0.2", "Boris");
    is_unknown(server, "127.0.0.3");
  }

  // ---- The server: what it did before ----

  TEST_CASE("server: the dialogue and all else is as before" * kLong) {
    echo::server_keeps_it(kLab);
  }

  TEST_CASE("server: lines are cut out of the stream as before") {
    echo::lines_are_cut_out_of_the_stream(kLab);
    echo::line_too_long_is_dropped(kLab);
  }

  // ---- The client ----

  TEST_CASE("client: shows the question and sends the answer as a line" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    host.say(kAsk);
    CHECK(client.err().until("What is your name?").has_value());
    client.type("Жанна\n");
    CHECK(host.hears("Жанна"));
    host.say(meeting("Жанна"));
    CHECK(client.err().until("Nice to meet you, Жанна!").has_value());
    client.type("hello\n");
    CHECK(host.hears("hello"));
    host.say("hello");
    CHECK(client.prints("hello\n"));
    client.end_input();
    CHECK(host.hears("exit"));
    host.peer.finish_sending();
    CHECK(client.exits(0));
    CHECK(client.out().all() == "hello\n");
    CHECK(client.err().all().find("ASK") == std::string::npos);  // nor any other of these words
  }

  TEST_CASE("client: a known one is asked nothing and works in a pipe" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Host host(kLab, listener);
    client.type("hello\n");
    client.end_input();
    CHECK(host.hears("hello"));
    host.say("hello");
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
    CHECK(client.out().all() == "hello\n");
    CHECK(client.err().all().find("Hello, Anna!") != std::string::npos);
  }

  TEST_CASE("client: shows a refusal and answers the question again" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    host.say(kAsk);
    client.type("\n");
    CHECK(host.hears(""));
    host.say_together({"ERR That is no name, really.", kAsk});
    CHECK(client.err().until("That is no name, really.").has_value());
    CHECK(client.err().until("What is your name?").has_value());
    client.type("Anna\n");
    CHECK(host.hears("Anna"));
    host.say(meeting("Anna"));
    client.type("exit\n");
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: a refusal and a close is an error and exit 1") {
    for (const bool after_question : {true, false}) {
      CAPTURE(after_question);
      Listener listener;
      Client client(kLab, listener);
      Talk host(kLab, listener);
      if (after_question) {
        host.say(kAsk);
        client.type("Anna\nhello\n");
        CHECK(host.hears("Anna"));
      }
      host.say("ERR Go away, please.");
      host.peer.finish_sending();
      REQUIRE(client.exits(1));
      CHECK(client.err().all().find("Go away, please.") != std::string::npos);
      CHECK(client.count("error") == 1);
      CHECK(client.out().all() == "");
      CHECK(host.ends());  // it has sent nothing more
    }
  }

  TEST_CASE("client: a server that leaves before its OK is an error and exit 1") {
    for (const std::string said : {"", "ASK na", "ASK name What is your name?\n"}) {
      CAPTURE(escaped(said));
      Listener listener;
      Client client(kLab, listener);
      Talk host(kLab, listener);
      host.peer.send(said);
      if (said.ends_with('\n')) CHECK(client.err().until("What is your name?").has_value());
      host.peer.close();
      client.type("Anna\n");
      REQUIRE(client.exits(1));
      CHECK(client.count("error") == 1);
    }
  }

  TEST_CASE("client: whose input ends at a question sends nothing and says error and exits 1" *
            kIdea) {
    for (const bool from_terminal : {false, true}) {
      CAPTURE(from_terminal);
      Listener listener;
      Client client(kLab, listener, {.in = from_terminal ? kTerminal : kPipe});
      Talk host(kLab, listener);
      host.say(kAsk);
      CHECK(client.err().until("What is your name?").has_value());
      client.end_input();
      REQUIRE(client.exits(1));
      CHECK(client.count("error") == 1);
      CHECK(host.peer.is_closed());
    }
  }

  TEST_CASE("client: the last answer of its input needs no newline") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna");
    client.end_input();
    host.say(kAsk);
    CHECK(host.hears("Anna"));
    host.say(meeting("Anna"));
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: exit as an answer is sent and ends nothing") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("exit\nhello\n");
    host.say(kAsk);
    CHECK(host.hears("exit"));
    host.say(meeting("exit"));
    CHECK(host.hears("hello"));
  }

  TEST_CASE("client: the server's words may come in pieces and together") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    for (const char* piece : {"A", "SK", " ", "name Wha", "t is yo", "ur name?"}) {
      host.peer.send(piece);
      REQUIRE(host.peer.is_read());
    }
    client.type("Anna\nhello\n");
    host.peer.send("\n");
    CHECK(host.hears("Anna"));
    host.say_together({meeting("Anna"), "hello"});
    CHECK(client.prints("hello\n"));
  }

  TEST_CASE("client: shows control characters of the server's words as \\xNN") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna\nexit\n");
    host.say_together({"ERR red \x1b[31m", "ASK name bell \x07, c1 \u009b?"});
    CHECK(host.hears("Anna"));
    host.say("OK tab \t, del \x7f");
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
    const std::string shown = with_small_digits(client.err().all());
    CHECK(shown.find("red \\x1b[31m") != std::string::npos);
    CHECK(shown.find("bell \\x07") != std::string::npos);
    CHECK(shown.find("tab \\x09, del \\x7f") != std::string::npos);
    for (const char* raw : {"\x1b", "\x07", "\u009b", "\t", "\x7f"}) {
      CAPTURE(escaped(raw));
      CHECK(shown.find(raw) == std::string::npos);
    }
  }

  TEST_CASE("client: ends by a signal at a question with the terminal as it was") {
    for (const int signal : {SIGINT, SIGTERM}) {
      CAPTURE(signal);
      Listener listener;
      Client client(kLab, listener, {.in = kTerminal});
      Talk host(kLab, listener);
      host.say(kAsk);
      CHECK(client.err().until("What is your name?").has_value());
      client.type("An");
      signal == SIGINT ? client.type("\x03") : client.signal(signal);
      CHECK(client.is_ended_by(signal));
      CHECK(terminal_settings(client.terminal_channel().descriptor()) == untouched_terminal());
      CHECK(host.peer.is_dropped());
    }
  }

  TEST_CASE("client: the dialogue and all else is as before") {
    echo::client_keeps_it(kLab);
  }
}
