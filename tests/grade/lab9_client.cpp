// lab9_dialog, the client: it waits for its user and for the server at once.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.hpp"
#include "common.hpp"
#include "guests.hpp"
#include "terminal.hpp"

using namespace grade;

namespace {

constexpr Lab kLab{9, "lab9_dialog"};
constexpr std::size_t kLongest = 1'048'576;  // bytes of a message

// A client in a folder with the guest's session at this very server.
Setup with_session_of(Server& server, std::uint16_t port) {
  Setup setup;
  setup.folder = scratch::folder("client");
  setup.arguments = {"127.0.0.1", std::to_string(port)};
  scratch::write_file(setup.folder + "/session.token", session_at(server));
  return setup;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

// A client on a terminal, to which a message has come in the middle of a line.
struct Interrupted {
  Interrupted() : client(kLab, listener, with_session(kLab, kOnTerminal)), host(kLab, listener) {
    REQUIRE(client.terminal().until("> ").has_value());
    client.type("half a ");
    REQUIRE(client.terminal().until("half a ").has_value());
    host.say("an interruption");
    REQUIRE(client.terminal().until("an interruption").has_value());
  }

  static inline const Setup kOnTerminal{.in = kTerminal, .out = kTerminal, .err = kTerminal};
  Listener listener;
  Client client;
  Host host;
};

}  // namespace

TEST_SUITE("lab9") {
  TEST_CASE("client: shows what arrives when it arrives, asked or not" * kIdea) {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Host host(kLab, listener);
    for (const char* text : {"unasked", "", "и ещё"}) {
      host.say(text);
      CHECK(client.prints(std::string(text) + "\n"));
    }
    client.type("hello\n");
    CHECK(host.hears("hello"));
    host.say_together({"one", "two"});
    CHECK(client.prints("one\ntwo\n"));
  }

  TEST_CASE("client: after the end of input it waits for the answers it is owed, then leaves" *
            kLongIdea) {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Host host(kLab, listener);
    client.type("one\ntwo\nthree");
    client.end_input();
    CHECK(host.hears_in_a_row({"one", "two", "three"}));
    host.say_together({"1", "2"});
    CHECK(client.prints("1\n2\n"));
    CHECK(host.peer.incoming.rest().empty());  // it has not left
    host.say("3");
    CHECK(client.prints("3\n"));
    CHECK(host.hears("exit"));
    host.peer.finish_sending();
    CHECK(host.peer.is_closed());
    CHECK(client.exits(0));
  }

  TEST_CASE("client: exit is sent and ends it at once" * kLong) {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Host host(kLab, listener);
    client.type("a question\nexit\n");
    CHECK(host.hears_in_a_row({"a question", "exit"}));  // though nothing is answered
    host.peer.finish_sending();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: what was answered before exit arrived is shown") {
    Setup setup = knowing_guest(kLab);
    setup.in = "/dev/null";  // so that it answers
    Server server(kLab, setup);
    const std::uint16_t port = server.port();
    Client client(kLab, with_session_of(server, port));
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "line " + std::to_string(i) + "\n";
    client.type(lines + "exit\n");
    CHECK(client.prints(lines));
    CHECK(client.exits(0));
  }

  TEST_CASE("client: logout waits for the OK and deletes session.token") {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Host host(kLab, listener);
    client.type("a question\nlogout\n");
    CHECK(host.hears_in_a_row({"a question", "logout"}));
    host.say_together({"OK is an answer, too", "OK Goodbye, " + kGuest + "!"});
    host.peer.finish_sending();
    CHECK(client.exits(0));
    CHECK(client.prints("OK is an answer, too\n"));
    CHECK(client.out().closes());
    CHECK(client.err().all().find("Goodbye, " + kGuest + "!") != std::string::npos);
    CHECK(scratch::read_file(client.folder() + "/session.token").empty());
  }

  TEST_CASE("client: a server that is gone is an error, at the prompt too") {
    for (const bool by_reset : {false, true}) {
      CAPTURE(by_reset);
      Listener listener;
      Client client(kLab, listener, with_session(kLab));
      {
        Host host(kLab, listener);
        host.say("a last word");
        CHECK(client.prints("a last word\n"));
        if (by_reset) host.peer.reset();
      }
      CHECK(client.exits(1));
      CHECK(client.says("error"));
    }
  }

  TEST_CASE("client: input that ends at a question is an error and sends nothing") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    host.say("ASK name What is your name?");
    client.end_input();
    CHECK(host.peer.is_closed());
    CHECK(client.exits(1));
    CHECK(client.says("error"));
  }

  TEST_CASE("client: into a pipe messages go byte for byte, onto a terminal as \\xNN") {
    const std::string text = "red \x1b[31m and \u009b";
    {
      Listener listener;
      Client client(kLab, listener, with_session(kLab));
      Host host(kLab, listener);
      host.say(text);
      CHECK(client.prints(text + "\n"));
    }
    Listener listener;
    Setup setup;
    setup.in = setup.out = setup.err = kTerminal;
    Client client(kLab, listener, with_session(kLab, setup));
    Host host(kLab, listener);
    host.say(text);
    CHECK(client.terminal().until("[31m and \\x").has_value());
    const std::string shown = with_small_digits(client.terminal().all());
    CHECK(shown.find("red \\x1b[31m and \\x") != std::string::npos);
    CHECK(client.terminal().all().find("\u009b") == std::string::npos);
  }

  TEST_CASE("client: a line that a message comes into is sent whole") {
    Interrupted typing;
    typing.client.type("line\n");
    CHECK(typing.host.hears("half a line"));
  }

  TEST_CASE("reference: what arrives does not wreck the line that is being typed") {
    Interrupted typing;
    CHECK(typing.client.terminal().until("half a ").has_value());  // there again, below
  }

  TEST_CASE("client: the terminal is as it was, after the end and after Ctrl-C" * kLong) {
    for (const bool interrupted : {false, true}) {
      CAPTURE(interrupted);
      Listener listener;
      Setup setup;
      setup.in = setup.out = setup.err = kTerminal;
      Client client(kLab, listener, with_session(kLab, setup));
      Host host(kLab, listener);
      CHECK(client.terminal().until("> ").has_value());
      client.type(interrupted ? "\x03" : "exit\n");
      if (interrupted) {
        CHECK(client.is_ended_by(SIGINT));
      } else {
        CHECK(host.hears("exit"));
        host.peer.finish_sending();
        CHECK(client.exits(0));
      }
      CHECK(terminal_settings(client.terminal_channel().descriptor()) == untouched_terminal());
    }
  }

  TEST_CASE("client: a line that is too long or no UTF-8 is an error and is not sent") {
    for (const std::string& line : {std::string("\xff\xfe"), std::string(kLongest + 1, 'z')}) {
      Listener listener;
      Client client(kLab, listener, with_session(kLab));
      Host host(kLab, listener);
      client.type(line + "\n");
      CHECK(client.exits(1));
      CHECK(client.says("error"));
      CHECK(host.peer.is_dropped());
      const bool is_sent = host.peer.incoming.all().find(line[0]) != std::string::npos;
      CHECK(Outcome::of(!is_sent, "the line, or a part of it, was sent"));
    }
  }

  TEST_CASE("reference: a line that is not sent costs none of the answers that are owed") {
    for (const std::string& line : {std::string("\xff\xfe"), std::string(kLongest + 1, 'x')}) {
      Listener listener;
      Client client(kLab, listener, with_session(kLab));
      Host host(kLab, listener);
      client.type("one\ntwo\n" + line + "\nthree\n");
      CHECK(host.hears_in_a_row({"one", "two"}));
      host.say("1");
      CHECK(client.prints("1\n"));
      CHECK(host.peer.incoming.rest().empty());  // it has not left
      host.say("2");
      CHECK(client.prints("2\n"));
      CHECK(client.exits(1));
      CHECK(client.says("error"));
      CHECK(host.peer.is_dropped());
      CHECK(host.peer.incoming.all().find("three") == std::string::npos);
    }
  }

  TEST_CASE("reference: a key press draws the client's row once") {
    Listener listener;
    Setup setup;
    setup.in = setup.out = setup.err = kTerminal;
    Client client(kLab, listener, with_session(kLab, setup));
    Host host(kLab, listener);
    CHECK(client.terminal().until("> ").has_value());
    std::string line;
    for (const char key : std::string("abcdefgh")) {
      line += key;
      client.type({&key, 1});
      CHECK(client.terminal().until("> " + line).has_value());
    }
    client.type("\n");
    CHECK(host.hears(line));
    CHECK(client.terminal().until("send: 8 bytes").has_value());
    CHECK(count_of(client.terminal().all(), "> abcdefg") == 3);  // the 7th key, the 8th, Enter
  }

  TEST_CASE("client: output that cannot be written is an error and exit 1") {
    Listener listener;
    Setup setup;
    setup.out = "/dev/full";
    Client client(kLab, listener, with_session(kLab, setup));
    Host host(kLab, listener);
    host.say("hello");
    CHECK(client.exits(1));
    CHECK(client.says("error"));
  }

  TEST_CASE("client: usage, bad arguments and failures are told as before") {
    common::usage_is_told(kLab, "client");
    common::bad_arguments_are_refused(kLab, "client");
    common::refused_connection_is_an_error(kLab);
    common::unknown_host_is_an_error(kLab);
  }
}
