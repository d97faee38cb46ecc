// lab8_framing, the client: each line is a message, and each message is shown with a newline.

#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "strace.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[7];
constexpr std::size_t kMaxPayload = 1'048'576;  // bytes

std::string header(std::size_t length) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes;
}

// The client has found something that it cannot go on with.
void ends_with_error(Client& client) {
  REQUIRE(client.exits(1));
  CHECK(client.count("error") == 1);
}

// The client has gone, and may have said so.
Outcome says_no_more_than_exit(Talk& host) {
  if (const Outcome gone = host.peer.is_dropped(); !gone) return gone;
  const std::string_view said = host.peer.incoming.rest();
  return Outcome::of(said.empty() || said == on_the_wire(kLab, "exit"),
                     "the end was expected, \"" + excerpt(said) + "\" came");
}

// In the middle of a dialogue, with a reply due.
struct AwaitingReply {
  AwaitingReply() : client(kLab, listener, with_session(kLab)), host(kLab, listener) {
    client.type("hello\n");
    REQUIRE(host.hears("hello"));
  }

  Listener listener;
  Client client;
  Host host;
};

}  // namespace

TEST_SUITE("lab8") {
  // ---- Messages ----

  TEST_CASE("client: answers the questions in frames and keeps its session") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Жанна\nsecret words\nhello\nlogout\n");
    host.say("ASK token Have you a session?");
    REQUIRE(host.hears(""));
    host.say("ASK name What is your name?");
    REQUIRE(host.hears("Жанна"));
    host.say("ASK password What is your password?");
    REQUIRE(host.hears("secret words"));
    host.say_together({"TOKEN " + std::string(64, '5'), "OK Hello, Жанна!"});
    REQUIRE(host.hears("hello"));
    CHECK(client.err().all().find("What is your name?") != std::string::npos);
    CHECK(scratch::read_file(client.folder() + "/session.token").find(std::string(64, '5')) !=
          std::string::npos);
    host.say("hello");
    REQUIRE(host.hears("logout"));
    host.say("OK Until next time!");
    host.peer.finish_sending();
    CHECK(client.exits(0));
    CHECK(client.out().all() == "hello\n");
    CHECK(client.err().all().find("Until next time!") != std::string::npos);
    CHECK(scratch::read_file(client.folder() + "/session.token").empty());
  }

  TEST_CASE("client: shows each message with a newline, whatever is in it" * kIdea) {
    AwaitingReply at;
    at.host.say("one\ntwo\n");
    CHECK(at.client.prints("one\ntwo\n\n"));
    for (const std::string& reply : {std::string(), std::string("\0", 1), std::string("OK ERR ASK"),
                                     std::string("Жизнь"), letters(kMaxPayload)}) {
      at.client.type("next\n");
      REQUIRE(at.host.hears("next"));
      at.host.say(reply);
      REQUIRE(at.client.prints(reply + "\n"));
    }
    CHECK(at.client.says("receive", {"1048576 bytes"}));
    CHECK(at.client.says("receive", {"10 bytes"}));
    CHECK(at.client.says("send", {"4 bytes"}));
  }

  TEST_CASE("client: shows control characters of the server's words as \\xNN") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna\n");
    host.say_together({"ERR two\nlines \x1b[2J", "ASK name who\n?"});
    CHECK(host.hears("Anna"));
    host.say("OK tab \t");
    client.end_input();
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
    const std::string shown = with_small_digits(client.err().all());
    CHECK(shown.find("two\\x0alines \\x1b[2J") != std::string::npos);
    CHECK(shown.find("who\\x0a?") != std::string::npos);
    CHECK(shown.find("tab \\x09") != std::string::npos);
  }

  TEST_CASE("client: only the whole message exit is exit, and logout likewise" * kIdea) {
    AwaitingReply at;
    at.host.say("hello");
    for (const std::string line : {"exitus", " exit", "exit ", "EXIT", " logout", "logout?"}) {
      CAPTURE(line);
      at.client.type(line + "\n");
      REQUIRE(at.host.hears(line));
      at.host.say("well");
    }
    at.client.type("exit\nafter\n");
    CHECK(at.host.hears("exit"));
    at.host.peer.finish_sending();
    CHECK(at.host.ends());
    CHECK(at.client.exits(0));
  }

  // ---- However the bytes come ----

  // The host waits for its turn, as a server does: what a client makes of a reply that comes before
  // it has said anything, is told nowhere.
  TEST_CASE("client: what the server says may be cut in two at any place" * kIdea) {
    struct Turn {
      std::string said;
      std::string answer;
    };
    const std::vector<Turn> turns = {
        {together(kLab, {"ERR Too short.", "ASK name Who?"}), "Anna"},
        {together(kLab, {"OK Hello"}), "one"},
        {together(kLab, {""}), "two"},
        {together(kLab, {"Жизнь\n"}), "three"},
        {together(kLab, {"last"}), "exit"},
    };
    for (std::size_t which = 0; which < turns.size(); ++which) {
      for (std::size_t cut = 1; cut < turns[which].said.size(); ++cut) {
        CAPTURE(which);
        CAPTURE(cut);
        Listener listener;
        Client client(kLab, listener);
        client.type("Anna\none\ntwo\nthree\nexit\n");
        Talk host(kLab, listener);
        for (std::size_t turn = 0; turn < turns.size(); ++turn) {
          const std::string& said = turns[turn].said;
          if (turn == which) {
            host.peer.send(said.substr(0, cut));
            REQUIRE(host.peer.is_read());
          }
          host.peer.send(turn == which ? said.substr(cut) : said);
          REQUIRE(host.hears(turns[turn].answer));
        }
        host.peer.close();
        REQUIRE(client.exits(0));
        REQUIRE(client.out().all() == "\nЖизнь\n\nlast\n");
      }
    }
  }

  TEST_CASE("client: what the server says may come byte by byte") {
    AwaitingReply at;
    for (const char byte : on_the_wire(kLab, "Жизнь — это движение")) {
      REQUIRE(at.host.peer.is_read());
      at.host.peer.send({&byte, 1});
    }
    CHECK(at.client.prints("Жизнь — это движение\n"));
  }

  // ---- A server that breaks the protocol ----

  TEST_CASE("client: half a frame and a close is an error and exit 1") {
    const std::string bytes = on_the_wire(kLab, "hello");
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      CAPTURE(cut);
      AwaitingReply at;
      at.host.peer.send(bytes.substr(0, cut));
      at.host.peer.finish_sending();
      ends_with_error(at.client);
      CHECK(at.client.out().all() == "");
    }
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    host.peer.send(on_the_wire(kLab, "OK Hello").substr(0, 9));
    host.peer.close();
    ends_with_error(client);
  }

  TEST_CASE("client: more than 1048576 bytes announced is an error and exit 1 at once") {
    for (const std::size_t length :
         {kMaxPayload + 1, std::size_t{0x80000000}, std::size_t{0xffffffff}}) {
      CAPTURE(length);
      AwaitingReply at;
      at.host.peer.send(header(length));  // and nothing more
      ends_with_error(at.client);
      CHECK(at.host.ends());
    }
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    host.peer.send("ASK name What is your name?\n");  // a line, as in lab 7
    ends_with_error(client);
  }

  TEST_CASE("client: a message that is no UTF-8 is an error and exit 1") {
    for (const std::string payload : {"\xff", "abc\xd0", "\xed\xa0\x80", "\xc0\xaf"}) {
      CAPTURE(escaped(payload));
      AwaitingReply at;
      at.host.say(payload);
      ends_with_error(at.client);
      CHECK(at.client.out().all() == "");
    }
  }

  // ---- Its own lines ----

  TEST_CASE("client: a line of 1048576 bytes is sent, a longer one is an error and exit 1") {
    AwaitingReply at;
    at.host.say("hello");
    const std::string longest = letters(kMaxPayload);
    at.client.type(longest + "\n");
    REQUIRE(at.host.hears(longest));
    at.host.say("well");
    at.client.type(longest + "x\nafter\n");
    ends_with_error(at.client);
    CHECK(says_no_more_than_exit(at.host));
    CHECK(at.client.out().all() == "hello\nwell\n");
  }

  TEST_CASE("client: a line that is no UTF-8 is an error and exit 1 and is not sent") {
    for (const std::string line : {"\xff", "abc\xd0", "\xed\xa0\x80", "Жи\xd0 знь"}) {
      CAPTURE(escaped(line));
      {
        AwaitingReply at;
        at.host.say("hello");
        at.client.type(line + "\nafter\n");
        ends_with_error(at.client);
        CHECK(says_no_more_than_exit(at.host));
      }
      Listener listener;  // and the same for an answer
      Client client(kLab, listener);
      Talk host(kLab, listener);
      host.say("ASK name What is your name?");
      client.type(line + "\nafter\n");
      ends_with_error(client);
      CHECK(says_no_more_than_exit(host));
    }
  }

  // ---- The wire ----

  TEST_CASE("client: header and payload leave in one system call" * kIdea) {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/calls";
    Setup setup = with_session(kLab);
    setup.wrapper = strace::command("sendto,sendmsg,sendmmsg,write,writev", file);
    Listener listener;
    Client client(kLab, listener, setup);
    Host host(kLab, listener);  // to whom a token is sent
    for (const std::string message : {"hello", "", "Жизнь"}) {
      client.type(message + "\n");
      REQUIRE(host.hears(message));
      host.say(message);
    }
    client.type("exit\n");
    REQUIRE(host.hears("exit"));
    host.peer.close();
    REQUIRE(client.exits(0));
    CHECK(strace::calls_to_sockets(file) == 5);
  }

  // ---- What it did before ----

  TEST_CASE("client: the dialogue and all else is as before") {
    echo::client_keeps_it(kLab);
  }
}
