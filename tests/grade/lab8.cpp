// lab8_framing, the server: the same conversation in frames, however they come.

#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "names.hpp"
#include "proc.hpp"
#include "strace.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[7];
constexpr std::size_t kMaxPayload = 1'048'576;  // bytes
const std::string kWelcome = "OK Welcome back, " + kGuest + "!";

std::string frame(std::string_view payload) {
  return on_the_wire(kLab, payload);
}

// Four bytes that announce a payload.
std::string header(std::size_t length) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes;
}

// What is no UTF-8: a stray byte, a character cut off, an overlong one, a surrogate, too large.
std::vector<std::string> no_utf8() {
  return {"\xff",
          "\x80",
          "abc\xd0",
          "\xe2\x82",
          "\xc0\xaf",
          "\xe0\x80\xaf",
          "\xed\xa0\x80",
          "\xf4\x90\x80\x80",
          "\xf8\x88\x80",
          "Жи\xd0 знь",
          std::string(70'000, 'x') + "\xfe"};
}

// The largest amount of memory that the program (and its children) ever had, in bytes of address
// space: what is allocated counts, whether it is touched or not.
std::size_t peak_memory(pid_t pid) {
  std::size_t kilobytes = 0;
  for (const pid_t member : proc::family(pid)) {
    const std::string status = scratch::read_file("/proc/" + std::to_string(member) + "/status");
    const std::size_t row = status.find("VmPeak:");
    if (row != std::string::npos) kilobytes += std::stoul(status.substr(row + 7));
  }
  return kilobytes * 1024;
}

// This client is dropped, with an error, and without an answer to what it sent last.
void is_dropped(Server& server, Talk& talk) {
  REQUIRE(talk.ends());
  CHECK(server.says("disconnect", {talk.peer.address()}));
}

}  // namespace

TEST_SUITE("lab8") {
  // ---- The conversation ----

  TEST_CASE("server: the login is as in lab 7, each message a frame" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string older = session_at(server);
    Talk talk(server);
    const auto answers = [&](const std::string& what, const std::string& text) {
      CAPTURE(what);
      REQUIRE(talk.is_asked(what));
      talk.say(text);
    };
    answers("token", "no such token");
    REQUIRE(talk.is_refused());
    answers("name", "");
    REQUIRE(talk.is_refused());
    answers("name", kGuest);
    answers("password", "wrong one");
    REQUIRE(talk.is_refused());
    answers("password", kPassword);
    const std::string token = talk.hear_token();
    REQUIRE(talk.hears("OK Hello, " + kGuest + "!"));
    talk.say_together({"hello", "logout", "hello"});
    CHECK(talk.hears("hello"));
    const auto farewell = talk.hear();
    REQUIRE(farewell.has_value());
    CHECK(farewell->starts_with("OK "));
    CHECK(talk.ends());

    Talk again(server);
    again.say(token);
    REQUIRE(again.is_asked("token"));
    CHECK(again.is_refused());  // that session is over
    again.peer.close();
    Talk other(server);
    other.say(older);
    REQUIRE(other.is_asked("token"));
    CHECK(other.hears(kWelcome));  // and the other one is not
  }

  TEST_CASE("server: what is no name is refused and no end of the conversation") {
    Server server(kLab, knowing_guest(kLab));
    for (const std::string name : {"", "   ", "a\nb", "a\tb", "\x1b", "\u0085", "Anna\n", "Anna\r",
                                   "123456789012345678901234567890123"}) {
      CAPTURE(escaped(name));
      Talk talk(server);
      talk.say_together({"", name, "exit"});
      REQUIRE(talk.is_asked("token"));
      REQUIRE(talk.is_asked("name"));
      REQUIRE(talk.is_refused());
      REQUIRE(talk.is_asked("name"));
      REQUIRE(talk.is_asked("new-password"));  // for a person whose name is exit
    }
  }

  TEST_CASE("server: a message may hold newlines and anything else that is UTF-8" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    const std::vector<std::string> messages = {"one\ntwo\n",
                                               "\n",
                                               "\r\n",
                                               "exit\n",
                                               "exit\r",
                                               " exit",
                                               "EXIT",
                                               "exit\nexit",
                                               "logout\n",
                                               "logout ",
                                               std::string("\0", 1),
                                               std::string("a\0b", 3),
                                               "\x1b[2J",
                                               "Жизнь",
                                               "\U0001F600",
                                               "\xef\xbb\xbf",
                                               "\u0085",
                                               "\U0010FFFF",
                                               frame("a frame in a frame")};
    guest.say_together(messages);
    CHECK(guest.hears_in_a_row(messages));
    CHECK(guest.peer.leaves());
    CHECK(server.has_not_said("error"));
  }

  TEST_CASE("server: a frame of length 0 is an empty message and not the end" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    guest.say_together({"", "", "hello", ""});
    CHECK(guest.hears_in_a_row({"", "", "hello", ""}));
    guest.say("");
    CHECK(guest.hears(""));
    CHECK(server.says("receive", {"0 bytes from " + guest.peer.address()}));
    CHECK(server.says("send", {"0 bytes to " + guest.peer.address()}));
  }

  TEST_CASE("server: receive and send tell the bytes of the payload, once for each frame") {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    const std::string& address = guest.peer.address();
    const std::size_t received = server.count("receive");
    guest.say("Жизнь");  // 5 characters
    CHECK(guest.hears("Жизнь"));
    CHECK(server.says("receive", {"10 bytes from " + address}));
    CHECK(server.says("send", {"10 bytes to " + address}));
    const std::string large = letters(300'000);
    guest.say(large);
    CHECK(guest.hears(large));
    CHECK(server.says("receive", {"300000 bytes from " + address}));
    CHECK(server.says("send", {"300000 bytes to " + address}));
    CHECK(server.count("receive") == received + 2);
  }

  // ---- However the bytes come ----

  TEST_CASE("server: a conversation may be cut in two at any place" * kLongIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::vector<std::string> messages = {session_at(server), "hello", "", "Жизнь\n", "exit"};
    const std::string bytes = together(kLab, messages);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      CAPTURE(cut);
      Talk talk(server);
      talk.peer.send(bytes.substr(0, cut));
      REQUIRE(talk.peer.is_read());
      talk.peer.send(bytes.substr(cut));
      REQUIRE(talk.is_asked("token"));
      REQUIRE(talk.hears_in_a_row({kWelcome, "hello", "", "Жизнь\n"}));
      REQUIRE(talk.peer.is_closed());
    }
    CHECK(server.has_not_said("error"));
  }

  TEST_CASE("server: a conversation may come byte by byte and all at once" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string token = session_at(server);
    const std::vector<std::string> messages = {"hello", "", "Ж"};
    {
      Guest guest(server);
      for (const char byte : together(kLab, messages)) {
        REQUIRE(guest.peer.is_read());
        guest.peer.send({&byte, 1});
      }
      CHECK(guest.hears_in_a_row(messages));
    }
    Talk talk(server);
    talk.say_together({token, "hello", "", "Ж", "exit"});
    REQUIRE(talk.is_asked("token"));
    CHECK(talk.hears(kWelcome));
    CHECK(talk.hears_in_a_row(messages));
    CHECK(talk.peer.is_closed());
  }

  TEST_CASE("server: many frames in one piece come back one by one and in order" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    std::vector<std::string> messages;
    for (std::size_t i = 0; i < 3000; ++i) messages.push_back(letters(i % 97) + std::to_string(i));
    guest.say_together(messages);
    CHECK(guest.hears_in_a_row(messages));
  }

  // ---- Limits ----

  TEST_CASE("server: a payload of 1048576 bytes comes back and one byte more does not" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    const std::string longest = letters(kMaxPayload);
    guest.say_together({longest, "hello", longest});
    REQUIRE(guest.hears_in_a_row({longest, "hello", longest}));
    CHECK(server.has_not_said("error"));
    guest.say(longest + "x");
    is_dropped(server, guest);
    CHECK(server.count("error") == 1);
    CHECK(serves(server));
  }

  TEST_CASE("server: who announces too much is dropped at once and nothing is allocated for it" *
            kIdea) {
    Server server(kLab, knowing_guest(kLab));
    REQUIRE(serves(server));
    constexpr std::size_t kMuch = std::size_t{1} << 30;  // far more than any program needs here
    const std::size_t before = peak_memory(server.pid());
    std::size_t errors = 0;
    for (const std::size_t length : {kMaxPayload + 1, std::size_t{0x7fffffff},
                                     std::size_t{0x80000000}, std::size_t{0xffffffff}}) {
      CAPTURE(length);
      {
        Guest guest(server);
        guest.say("hello");
        guest.peer.send(header(length));  // and not a byte of the payload
        REQUIRE(guest.hears("hello"));
        is_dropped(server, guest);
        CHECK(server.count("error") == ++errors);
      }
      Talk at_question(server);
      REQUIRE(at_question.is_asked("token"));
      at_question.peer.send(header(length) + "some of it");
      is_dropped(server, at_question);
      CHECK(server.count("error") == ++errors);
      REQUIRE(serves(server));
    }
    CHECK(peak_memory(server.pid()) < before + kMuch);
  }

  TEST_CASE("server: who speaks in lines is dropped and told in the log") {
    Server server(kLab, knowing_guest(kLab));
    Talk talk(server);
    REQUIRE(talk.is_asked("token"));
    talk.peer.send("hello, is this lab 7?\n");
    is_dropped(server, talk);
    CHECK(server.count("error") == 1);
    CHECK(serves(server));
  }

  TEST_CASE("server: what is no UTF-8 is an error and that client is dropped" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    std::size_t errors = 0;
    for (const std::string& payload : no_utf8()) {
      CAPTURE(excerpt(payload, 20));
      Guest guest(server);
      guest.say_together({"hello", payload, "hello"});
      REQUIRE(guest.hears("hello"));
      is_dropped(server, guest);
      CHECK(server.count("error") == ++errors);
    }
    for (const std::vector<std::string>& way :
         {std::vector<std::string>{"\xff"}, {"", "\xff"}, {"", kGuest, "\xff"}}) {
      Talk talk(server);
      talk.say_together(way);
      CHECK(talk.peer.is_dropped());
      CHECK(server.says("disconnect", {talk.peer.address()}));
      CHECK(server.count("error") == ++errors);
    }
    CHECK(serves(server));
  }

  // ---- Leaving ----

  TEST_CASE("server: a close in the middle of a frame is an error and between frames it is none" *
            kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string bytes = frame("hello");
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      CAPTURE(cut);
      const std::size_t errors = server.count("error");
      const bool in_frame = cut > 0 && cut < bytes.size();
      Guest guest(server);
      guest.peer.send(bytes.substr(0, cut));
      guest.peer.finish_sending();
      if (cut == bytes.size()) CHECK(guest.hears("hello"));
      REQUIRE(guest.ends());
      REQUIRE(server.says("disconnect", {guest.peer.address()}));
      CHECK(server.count("error") == errors + (in_frame ? 1 : 0));
    }
    CHECK(serves(server));
  }

  TEST_CASE("server: an answer that a close cut off is none") {
    Server server(kLab, knowing_guest(kLab));
    const std::string token = frame(guest_token(kLab));
    for (const std::size_t cut : {std::size_t{2}, std::size_t{4}, token.size() - 1}) {
      CAPTURE(cut);
      Talk talk(server);
      REQUIRE(talk.is_asked("token"));
      talk.peer.send(token.substr(0, cut));
      talk.peer.finish_sending();
      is_dropped(server, talk);
    }
    CHECK(server.count("error") == 3);
  }

  // ---- The wire ----

  TEST_CASE("server: header and payload leave in one system call" * kIdea) {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/calls";
    Setup setup = knowing_guest(kLab);
    setup.wrapper = strace::command("sendto,sendmsg,sendmmsg,write,writev", file);
    Server server(kLab, setup);
    Guest guest(server);  // which is two frames
    for (const std::string message : {"hello", "", "Жизнь"}) {
      guest.say(message);
      REQUIRE(guest.hears(message));
    }
    CHECK(guest.peer.leaves());
    REQUIRE(server.says("disconnect"));
    CHECK(strace::calls_to_sockets(file) == 5);
  }

  // ---- What it did before ----

  TEST_CASE("server: the dialogue and all else is as before" * kLong) {
    echo::server_keeps_it(kLab);
  }

  // ---- The close ----

  TEST_CASE("reference: who has sent much behind exit gets all replies") {
    echo::replies_outlive_the_close(kLab);
  }
}
