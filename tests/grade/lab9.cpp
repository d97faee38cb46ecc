// lab9_dialog, the server: messages both ways, with everybody at once. Where its standard input is
// a pipe or a terminal, a person is at its console; where it is /dev/null, nobody is there.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "questions.hpp"
#include "strace.hpp"
#include "terminal.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab{9, "lab9_dialog"};
constexpr std::size_t kLongest = 1'048'576;  // bytes of a message

Setup with_nobody() {
  Setup setup = knowing_guest(kLab);
  setup.in = "/dev/null";
  return setup;
}

// What the person sees of a message.
Outcome sees(Server& server, const std::string& name, std::string_view text) {
  const std::string line = name + ": " + std::string(text) + "\n";
  return Outcome::of(wait_until([&] { return server.out().all().find(line) != std::string::npos; }),
                     "the person does not see \"" + excerpt(line) + "\"");
}

// Everything that the person was told besides messages, on whichever stream.
std::size_t told(Server& server) {
  return server.err().all().size() + server.out().all().size();
}

// Answers the questions as somebody who is new, until the password is to be repeated.
void come_to_the_repetition(Talk& talk, const std::string& name) {
  REQUIRE(talk.is_asked("token"));
  talk.say("");
  REQUIRE(talk.is_asked("name"));
  talk.say(name);
  REQUIRE(talk.is_asked("new-password"));
  talk.say(kPassword);
  REQUIRE(talk.is_asked("repeat-password"));
}

void come_to_the_hash(Talk& talk, const std::string& name) {
  come_to_the_repetition(talk, name);
  talk.say(kPassword);
}

std::unique_ptr<Talk> newcomer(Server& server, const std::string& name) {
  auto talk = std::make_unique<Talk>(server);
  come_to_the_hash(*talk, name);
  REQUIRE(!talk->hear_token().empty());
  REQUIRE(talk->hears("OK Nice to meet you, " + name + "!"));
  return talk;
}

// A console that is there, and is not read before read() is called: a FIFO.
class DeafConsole {
 public:
  DeafConsole() : path_(scratch::folder("console") + "/out") {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo " + path_);
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor_ < 0) throw std::runtime_error("open " + path_);
  }
  DeafConsole(const DeafConsole&) = delete;
  DeafConsole& operator=(const DeafConsole&) = delete;
  ~DeafConsole() { close(); }

  // There is nobody who could read it any more.
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  const std::string& path() const { return path_; }

  // What has been written to it so far, from the begin.
  const std::string& read() {
    std::array<char, 64 * 1024> part{};
    ssize_t size = 0;
    while ((size = ::read(descriptor_, part.data(), part.size())) > 0) {
      all_.append(part.data(), static_cast<std::size_t>(size));
    }
    return all_;
  }

 private:
  std::string path_;
  std::string all_;
  int descriptor_ = -1;
};

// The server's sanitizer, if it has one, opens descriptors for checks of its own.
bool may_limit_descriptors() {
  const std::string program = scratch::read_file(submission::program_of(kLab, "server"));
  return possible(program.find("__ubsan") == std::string::npos,
                  "the sanitizer in this server needs descriptors");
}

// A server whose accept() fails so many times in a row.
Setup with_failing_accept(const std::string& error, int times) {
  const std::string calls = "accept,accept4";
  const std::string when = ":error=" + error + ":when=1.." + std::to_string(times);
  Setup setup = with_nobody();
  setup.wrapper =
      strace::command(calls, scratch::folder("trace") + "/calls", {"-e", "inject=" + calls + when});
  return setup;
}

// A conversation with somebody else goes on.
void is_answered(Talk& talk, const std::string& text = "and I?") {
  talk.say(text);
  CHECK(talk.hears(text));
}

}  // namespace

TEST_SUITE("lab9") {
  // ---- The server with a person at its console ----

  TEST_CASE("server: the person sees NAME: text for each message and a line typed answers it" *
            kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    for (const std::string text : {"hello", "", "Привет, как дела?", "@all: OK ERR ASK"}) {
      CAPTURE(text);
      guest.say(text);
      REQUIRE(sees(server, kGuest, text));
      server.type("answer to " + std::string(text) + "\n");
      CHECK(guest.hears("answer to " + std::string(text)));
    }
    guest.say("exit");
    CHECK(guest.peer.is_closed());
    CHECK(server.stops_on({SIGTERM}));
  }

  TEST_CASE("server: a line goes to whoever has waited longest" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest first(server), second(server);
    first.say_together({"one", "two"});
    REQUIRE(sees(server, kGuest, "two"));
    second.say("three");
    REQUIRE(sees(server, kGuest, "three"));
    first.say("four");
    REQUIRE(sees(server, kGuest, "four"));
    server.type("1\n2\n3\n4\n");
    CHECK(first.hears_in_a_row({"1", "2", "4"}));
    CHECK(second.hears("3"));
  }

  TEST_CASE("server: @NAME text goes to NAME at once, asked or not, and to all of that name" *
            kIdea) {
    Server server(kLab, knowing_guest(kLab));
    Guest here(server), there(server);
    const auto boris = newcomer(server, "Борис");
    server.type("@" + kGuest + " dinner is ready\n");
    CHECK(here.hears("dinner is ready"));
    CHECK(there.hears("dinner is ready"));
    server.type("@Борис за стол\n");
    CHECK(boris->hears("за стол"));
    server.type("@Борис @Борис \n");
    CHECK(boris->hears("@Борис "));
  }

  TEST_CASE("server: @NAME means the longest name of somebody connected that fits" * kLong) {
    Server server(kLab, knowing_guest(kLab));
    Guest anna(server);
    const auto maria = newcomer(server, kGuest + " Maria");
    server.type("@" + kGuest + " Maria hello\n@" + kGuest + " Mario\n");
    CHECK(maria->hears("hello"));
    CHECK(anna.hears("Mario"));
    maria->say("exit");
    CHECK(maria->peer.is_closed());
    CHECK(server.says("disconnect", {maria->peer.address()}));
    server.type("@" + kGuest + " Maria hello\n");
    CHECK(anna.hears("Maria hello"));
  }

  TEST_CASE("server: @NAME text is the answer to NAME's oldest message") {
    Server server(kLab, knowing_guest(kLab));
    Guest anna(server);
    const auto boris = newcomer(server, "Boris");
    anna.say("first");
    REQUIRE(sees(server, kGuest, "first"));
    boris->say_together({"second", "third"});
    REQUIRE(sees(server, "Boris", "third"));
    server.type("@Boris to the second\nto the first\nto the third\n");
    CHECK(boris->hears_in_a_row({"to the second", "to the third"}));
    CHECK(anna.hears("to the first"));
    anna.say("fourth");  // the only one that waits now
    REQUIRE(sees(server, kGuest, "fourth"));
    server.type("to the fourth\n");
    CHECK(anna.hears("to the fourth"));
  }

  TEST_CASE("server: a line for nobody is told to the person and goes nowhere") {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    for (const std::string line : {"is anybody there?\n", "@Nobody hello\n", "@Ann hello\n"}) {
      CAPTURE(line);
      const std::size_t before = told(server);
      server.type(line);
      CHECK(wait_until([&] { return told(server) > before; }));
    }
    guest.say("now");
    REQUIRE(sees(server, kGuest, "now"));
    server.type("yes, now\n");
    CHECK(guest.hears("yes, now"));
  }

  TEST_CASE("server: an empty line is nothing") {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    guest.say("hello");
    REQUIRE(sees(server, kGuest, "hello"));
    server.type("\n\nan answer\n");
    CHECK(guest.hears("an answer"));
    CHECK(guest.peer.leaves());
  }

  TEST_CASE("server: a client's close is its leaving, and its messages wait no longer") {
    Server server(kLab, knowing_guest(kLab));
    Guest leaver(server), guest(server);
    leaver.say("never mind");
    leaver.peer.finish_sending();
    CHECK(leaver.peer.is_closed());
    CHECK(server.says("disconnect", {leaver.peer.address()}));
    guest.say("hello");
    REQUIRE(sees(server, kGuest, "hello"));
    server.type("for you\n");
    CHECK(guest.hears("for you"));
  }

  TEST_CASE("server: into a pipe messages go byte for byte, onto a terminal as \\xNN") {
    const std::string text = "red \x1b[31m and \u009b and a\nnew line";
    {
      Server server(kLab, knowing_guest(kLab));
      Guest guest(server);
      guest.say(text);
      CHECK(sees(server, kGuest, text));
    }
    Setup setup = knowing_guest(kLab);
    setup.in = setup.out = setup.err = kTerminal;
    Server server(kLab, setup);
    Guest guest(server);
    guest.say(text);
    CHECK(server.terminal().until("new line").has_value());
    const std::string shown = with_small_digits(server.terminal().all());
    CHECK(shown.find(kGuest + ": red \\x1b[31m and ") != std::string::npos);
    CHECK(server.terminal().all().find("\u009b") == std::string::npos);
    CHECK(server.terminal().all().find("a\nnew") == std::string::npos);
  }

  TEST_CASE("server: a console that cannot be written is an error and exit 1") {
    DeafConsole console;
    Setup setup = knowing_guest(kLab);
    setup.out = console.path();
    Server server(kLab, setup);
    Guest guest(server);
    console.close();
    guest.say("hello");
    CHECK(server.exits(1));
    CHECK(server.says("error"));
  }

  TEST_CASE("reference: Ctrl-R shows the person the line again that a message has come into") {
    Setup setup = knowing_guest(kLab);
    setup.in = setup.out = setup.err = kTerminal;
    Server server(kLab, setup);
    Guest guest(server);
    server.type("half of ");
    CHECK(server.terminal().until("half of ").has_value());
    guest.say("hello");
    CHECK(server.terminal().until(kGuest + ": hello").has_value());
    server.type("\x12");
    CHECK(server.terminal().until("half of ").has_value());
    server.type("it\n");
    CHECK(guest.hears("half of it"));
  }

  TEST_CASE("server: a line that is no message is told and not sent") {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    guest.say("hello");
    REQUIRE(sees(server, kGuest, "hello"));
    server.type("\xff\xfe\n" + std::string(kLongest + 1, 'x') + "\n" + std::string(kLongest, 'y') +
                "\n");
    CHECK(guest.hears(std::string(kLongest, 'y')));
  }

  // ---- The server with nobody there ----

  TEST_CASE("server: with nobody there it answers every message with the same text" * kIdea) {
    Server server(kLab, with_nobody());
    Guest guest(server);
    std::vector<std::string> many;
    for (std::size_t i = 0; i < 2000; ++i) many.push_back(letters(i % 50));
    guest.say_together(many);
    CHECK(guest.hears_in_a_row(many));
    for (const std::size_t size : {std::size_t{0}, std::size_t{70'000}, kLongest}) {
      is_answered(guest, letters(size));
    }
    CHECK(guest.peer.leaves());
    CHECK(server.has_not_said("error"));
  }

  TEST_CASE("server: with nobody there a client's messages are answered after its close, too") {
    Server server(kLab, with_nobody());
    Guest guest(server);
    guest.say_together({"one", "two", "three"});
    guest.peer.finish_sending();
    CHECK(guest.hears_in_a_row({"one", "two", "three"}));
    CHECK(guest.peer.is_closed());
  }

  TEST_CASE("server: when the person goes, those who wait get the same text") {
    Server server(kLab, knowing_guest(kLab));
    Guest first(server), second(server);
    first.say_together({"one", "two"});
    second.say("three");
    REQUIRE(sees(server, kGuest, "two"));
    REQUIRE(sees(server, kGuest, "three"));
    server.type("this one is answered\n");
    server.end_input();
    const std::string heard = first.hear().value_or("");
    const bool first_came_first = heard == "this one is answered";
    if (!first_came_first) CHECK(heard == "one");
    CHECK(first.hears("two"));
    CHECK(second.hears(first_came_first ? "three" : "this one is answered"));
    is_answered(first);
    is_answered(second);
  }

  TEST_CASE("server: receive and send tell each frame's payload") {
    Server server(kLab, with_nobody());
    Guest guest(server);
    is_answered(guest, letters(12'345));
    CHECK(server.says("receive", {"12345 bytes", guest.peer.address()}));
    CHECK(server.says("send", {"12345 bytes", guest.peer.address()}));
  }

  // ---- Nobody waits for anybody else ----

  TEST_CASE("server: half a frame delays nobody else" * kIdea) {
    Server server(kLab, with_nobody());
    Guest halves(server), guest(server);
    const std::string frame = on_the_wire(kLab, "in two halves");
    for (const std::size_t cut : {1U, 4U, 9U}) {
      CAPTURE(cut);
      halves.peer.send(std::string_view(frame).substr(0, cut));
      REQUIRE(halves.peer.is_read());
      is_answered(guest);
      halves.peer.send(std::string_view(frame).substr(cut));
      CHECK(halves.hears("in two halves"));
    }
  }

  TEST_CASE("server: who reads nothing delays nobody, and is dropped beyond 1 MiB" * kIdea) {
    Server server(kLab, with_nobody());
    Guest deaf(server, {.receive_buffer = 4096}), guest(server);
    deaf.peer.read(false);
    const std::string message = letters(60'000);
    for (int i = 0; i < 400; ++i) deaf.say(message);  // more than the system's buffers hold, too
    CHECK(server.says("disconnect", {deaf.peer.address()}));
    is_answered(guest);
    CHECK(server.has_not_said("stop"));
  }

  TEST_CASE("server: who reads late gets all of what is less than 1 MiB") {
    Server server(kLab, with_nobody());
    Guest late(server, {.receive_buffer = 4096}), guest(server);
    late.peer.read(false);
    const std::vector<std::string> messages(9, letters(100'000));
    late.say_together(messages);
    late.peer.stalls(server);
    is_answered(guest);
    late.peer.read(true);
    CHECK(late.hears_in_a_row(messages));
    is_answered(late);
  }

  TEST_CASE("server: one turn takes a bounded number of frames from each") {
    Server server(kLab, with_nobody());
    Guest flood(server), guest(server);
    // What both have said is there when the server goes on.
    server.signal(SIGSTOP);
    constexpr std::size_t kFlood = 20'000;
    flood.say_together(std::vector<std::string>(kFlood, "x"));
    guest.say("and I?");
    flood.peer.stalls(server);
    server.signal(SIGCONT);
    CHECK(guest.hears("and I?"));
    CHECK(flood.hears_in_a_row(std::vector<std::string>(kFlood, "x")));
    std::size_t before = 0;  // messages of the flood that were taken before the guest's
    for (const Message& message : server.messages()) {
      if (message.event != "receive") continue;
      if (message.explanation.find(guest.peer.address()) == std::string::npos) {
        ++before;
      } else if (message.explanation.find("6 bytes") != std::string::npos) {
        break;
      }
    }
    CHECK(before < kFlood);
  }

  TEST_CASE("reference: a console that is not read delays nobody") {
    DeafConsole console;
    for (const bool somebody_there : {false, true}) {
      CAPTURE(somebody_there);
      Setup setup = somebody_there ? knowing_guest(kLab) : with_nobody();
      setup.out = setup.err = console.path();
      Server server(kLab, setup);
      Guest guest(server);
      const std::string message = letters(500'000);  // more than a pipe holds
      guest.say(message);
      if (somebody_there) {
        CHECK(server.says("receive", {"500000 bytes"}));
        server.type("@Nobody hello\nseen\n@Nobody hello\n@" + kGuest + " once more\n");
        CHECK(guest.hears_in_a_row({"seen", "once more"}));
      } else {
        CHECK(guest.hears(message));
      }
      Guest next(server);
      next.say("exit");
      CHECK(next.ends());
      const std::string shown = kGuest + ": " + message + "\n";
      CHECK(wait_until([&] { return console.read().find(shown) != std::string::npos; }));
      CHECK(server.stops_on({SIGTERM}));
    }
  }

  TEST_CASE("reference: a console that is stopped with Ctrl-S delays nobody") {
    Setup setup = knowing_guest(kLab);
    setup.in = setup.out = setup.err = kTerminal;
    Server server(kLab, setup);
    Guest guest(server);
    // What the terminal echoes may come out in the midst of a message that it has begun to show.
    switch_echo_off(server.terminal_channel().descriptor());
    server.type("\x13");  // Ctrl-S
    const std::string message = letters(20'000);
    guest.say(message);
    CHECK(server.says("receive", {"20000 bytes"}));
    server.type("@Nobody hello\nfirst\n@" + kGuest + " second\n");
    CHECK(guest.hears_in_a_row({"first", "second"}));
    server.type("\x11");  // Ctrl-Q
    CHECK(server.terminal().until(kGuest + ": " + message).has_value());
  }

  TEST_CASE("reference: beyond 17 MiB that the console has not read, lines are counted instead") {
    DeafConsole console;
    Setup setup = with_nobody();
    setup.out = console.path();
    Server server(kLab, setup);
    Guest guest(server);
    const std::string message = letters(kLongest);
    constexpr int kMessages = 24;
    for (int i = 0; i < kMessages; ++i) {
      guest.say(message);
      REQUIRE(guest.hears(message));
    }
    guest.say("the last");
    CHECK(guest.hears("the last"));
    // What is not shown is told when all before it is.
    REQUIRE(wait_until([&] {
      console.read();
      return !server.err().rest().empty();
    }));
    const auto hidden = server.err().until(" lines were not shown");
    REQUIRE(hidden.has_value());
    const auto shown = std::ranges::count(console.read(), '\n') - 1;  // but "Listening on port"
    CHECK(shown >= 17);
    CHECK(shown + std::stoi(*hidden) == kMessages + 1);
    guest.say("again");
    CHECK(wait_until([&] { return console.read().ends_with(kGuest + ": again\n"); }));
  }

  TEST_CASE("server: a password that is being hashed delays nobody" * kLongIdea) {
    Server server(kLab, with_nobody());
    Guest guest(server);
    // Twenty hashes take longer than ten answers, wherever they are done. Only where the grader
    // stands still meanwhile, it may come too late to see that.
    bool was_answered_first = false;
    for (int round = 0; round < 3 && !was_answered_first; ++round) {
      std::vector<std::unique_ptr<Talk>> logins;
      for (int i = 0; i < 20; ++i) {
        logins.push_back(std::make_unique<Talk>(server));
        come_to_the_repetition(*logins.back(),
                               "user " + std::to_string(round) + " " + std::to_string(i));
      }
      for (const auto& login : logins) login->say(kPassword);
      for (int i = 0; i < 10; ++i) is_answered(guest, "message " + std::to_string(i));
      was_answered_first = logins.back()->peer.incoming.rest().empty();
      CHECK(!logins.front()->hear_token().empty());
    }
    CHECK(was_answered_first);
  }

  TEST_CASE("server: what a hash finds belongs to the connection that asked") {
    Server server(kLab, with_nobody());
    const std::string token = session_at(server);
    {
      Talk leaver(server);
      come_to_the_hash(leaver, "Gone");
      leaver.peer.reset();
    }
    Talk next(server);  // with the descriptor that has become free
    CHECK(next.is_asked("token"));
    next.say(token);
    CHECK(next.hears("OK Welcome back, " + kGuest + "!"));
    is_answered(next);
  }

  TEST_CASE("server: what is said behind a password is answered after its hash") {
    Server server(kLab, with_nobody());
    Talk talk(server);
    REQUIRE(talk.is_asked("token"));
    talk.say_together({"", "Early", kPassword, kPassword, "one", "two"});
    talk.peer.finish_sending();
    REQUIRE(talk.is_asked("name"));
    REQUIRE(talk.is_asked("new-password"));
    REQUIRE(talk.is_asked("repeat-password"));
    CHECK(!talk.hear_token().empty());
    CHECK(talk.hears_in_a_row({"OK Nice to meet you, Early!", "one", "two"}));
    CHECK(talk.peer.is_closed());
  }

  TEST_CASE("reference: who leaves while the password is hashed is gone at once, and unknown") {
    Server server(kLab, with_nobody());
    std::vector<std::unique_ptr<Talk>> logins;
    for (int i = 0; i < 10; ++i) {
      logins.push_back(std::make_unique<Talk>(server));
      come_to_the_hash(*logins.back(), "user " + std::to_string(i));
    }
    logins[8]->peer.finish_sending();
    logins[9]->peer.reset();
    CHECK(logins[8]->peer.is_closed());
    CHECK(logins[8]->peer.incoming.rest().empty());  // no TOKEN
    CHECK(server.says("disconnect", {logins[8]->peer.address()}));
    CHECK(server.says("disconnect", {logins[9]->peer.address()}));
    for (std::size_t i = 0; i < 8; ++i) CHECK(!logins[i]->hear_token().empty());
    come_to_the_hash(*std::make_unique<Talk>(server), "user 8");  // asked for a new password
    come_to_the_hash(*std::make_unique<Talk>(server), "user 9");
  }

  TEST_CASE("server: of two who register a name at the same moment the second gets ERR") {
    Server server(kLab, with_nobody());
    Talk first(server), second(server);
    for (Talk* const talk : {&first, &second}) come_to_the_repetition(*talk, "Vera");
    for (Talk* const talk : {&first, &second}) talk->say(kPassword);
    // Whose hash is ready sooner is the first, and with several threads that may be either.
    const std::string of_first = first.hear().value_or("");
    const bool is_first_in = of_first.starts_with("TOKEN ");
    CHECK((is_first_in || of_first.starts_with("ERR ")));
    Talk& in = is_first_in ? first : second;
    if (!is_first_in) CHECK(!second.hear_token().empty());
    CHECK(in.hears("OK Nice to meet you, Vera!"));
    if (is_first_in) CHECK(second.is_refused());
  }

  TEST_CASE("server: 1,000 clients at once get their answers, each in order" * kLongIdea) {
    Server server(kLab, with_nobody());
    std::deque<Guest> guests;
    for (int i = 0; i < 1000; ++i) guests.emplace_back(server);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < guests.size(); ++i) {
        guests[i].say_together({"first of " + std::to_string(i), std::to_string(round)});
      }
      for (std::size_t i = 0; i < guests.size(); ++i) {
        REQUIRE(guests[i].hears_in_a_row({"first of " + std::to_string(i), std::to_string(round)}));
      }
    }
  }

  TEST_CASE(
      "server: without a free descriptor it neither spins nor ends, and those who are in talk on" *
      kLong) {
    if (!may_limit_descriptors()) return;
    Server server(kLab, with_nobody());
    Guest guest(server);
    server.limit(RLIMIT_NOFILE, proc::lowest_free_descriptor(server.pid()));
    Peer waiting = server.connect();
    is_answered(guest);
    CHECK(server.is_idle());
    is_answered(guest);
    server.limit(RLIMIT_NOFILE, RLIM_INFINITY);
    CHECK(common::is_served_or_let_go(waiting));  // the server speaks first
    is_answered(guest);
    Guest next(server);
    is_answered(next);
  }

  TEST_CASE("server: an accept that fails is an error at most, and the next one serves" * kLong) {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    for (const std::string error : {"ECONNABORTED", "EMFILE"}) {
      CAPTURE(error);
      Server server(kLab, with_failing_accept(error, 1));
      Peer first = server.connect();
      CHECK(common::is_served_or_let_go(first));
      first.close();
      Guest guest(server);
      is_answered(guest);
    }
  }

  TEST_CASE("reference: a client that gave up before accept() is no reason for a pause") {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    Server server(kLab, with_failing_accept("ECONNABORTED", 300));  // five minutes of pauses
    Guest guest(server);
    is_answered(guest);
    CHECK(server.count("error") == 300);
  }

  TEST_CASE("reference: a session that cannot be stored is an error, ERR and a close") {
    if (!may_limit_descriptors()) return;
    Server server(kLab, with_nobody());
    Guest guest(server);
    Talk talk(server);
    REQUIRE(talk.is_asked("token"));
    talk.say("");
    REQUIRE(talk.is_asked("name"));
    talk.say("Unlucky");
    REQUIRE(talk.is_asked("new-password"));
    talk.say(kPassword);
    REQUIRE(talk.is_asked("repeat-password"));
    server.limit(RLIMIT_NOFILE, proc::lowest_free_descriptor(server.pid()));
    talk.say(kPassword);
    CHECK(talk.is_refused());
    CHECK(talk.ends());
    CHECK(server.says("error", {"Too many open files"}));
    is_answered(guest);
    server.limit(RLIMIT_NOFILE, RLIM_INFINITY);
    newcomer(server, "Unlucky");
  }

  TEST_CASE("server: a frame that breaks the protocol drops its client alone") {
    Server server(kLab, with_nobody());
    Guest guest(server);
    for (const std::string& bytes : {std::string("\xff\xff\xff\xff"), std::string("\0\x10\0\1", 4),
                                     on_the_wire(kLab, "\xff\xfe")}) {
      CAPTURE(escaped(bytes));
      Guest breaker(server);
      breaker.peer.send(bytes);
      CHECK(breaker.peer.is_dropped());
      CHECK(server.says("error", {breaker.peer.address()}));
      is_answered(guest);
    }
    Guest half(server);
    half.peer.send(std::string_view("\0\0\0\5he", 6));
    half.peer.finish_sending();
    CHECK(server.says("error", {half.peer.address()}));
    is_answered(guest);
  }

  TEST_CASE("server: exit and logout end a conversation, logout the session as well") {
    Server server(kLab, with_nobody());
    const std::string token = session_at(server);
    Guest stays(server), leaves(server);
    stays.say("exit");
    CHECK(stays.ends());
    leaves.say("logout");
    const auto goodbye = leaves.hear();
    REQUIRE(goodbye.has_value());
    CHECK(goodbye->starts_with("OK "));
    CHECK(leaves.ends());
    Talk again(server);
    REQUIRE(again.is_asked("token"));
    again.say(token);
    CHECK(again.is_refused());
    CHECK(again.is_asked("name"));
  }

  TEST_CASE("reference: who has sent much behind exit gets all replies") {
    Server server(kLab, with_nobody());
    const std::string large = letters(60'000);
    for (const std::string last : {"exit", "logout"}) {
      CAPTURE(last);
      Guest guest(server, {.receive_buffer = 4096});
      guest.peer.read(false);
      // More than one recv() takes: a close that leaves it unread would be a reset, which throws
      // away what is still on its way to the guest.
      guest.say_together({large, "two", last, letters(500'000), letters(500'000)});
      guest.peer.stalls(server);
      guest.peer.read(true);
      CHECK(guest.hears_in_a_row({large, "two"}));
      if (last == std::string("logout")) CHECK(guest.hear()->starts_with("OK "));
      CHECK(guest.peer.is_closed());
      CHECK(server.says("disconnect", {guest.peer.address()}));  // though this one does not close
    }
  }

  TEST_CASE("server: 500 reconnects leave no descriptor open") {
    Server server(kLab, with_nobody());
    CHECK(serves(server));
    const std::size_t before = proc::count_descriptors(server.pid());
    for (int i = 0; i < 500; ++i) {
      Guest guest(server);
      if (i % 2 == 0) guest.peer.reset();
    }
    CHECK(serves(server));
    CHECK(common::descriptors_are_closed(server, before));
  }

  TEST_CASE("server: its events are told in their order, and each client's reason to leave") {
    Server server(kLab, with_nobody());
    {
      Guest guest(server);
      is_answered(guest);
      guest.say("exit");
      CHECK(guest.ends());
    }
    CHECK(server.says("disconnect", {"exit"}));
    REQUIRE(server.stops_on({SIGTERM}));
    // ASK, the token, OK, the message and its answer, exit.
    CHECK(server.events() ==
          "start listen connect send receive send receive send receive disconnect stop");
  }

  TEST_CASE("server: what is typed behind the answer for the port is for the dialog") {
    Setup setup = knowing_guest(kLab);
    const std::string port = setup.arguments.front();
    setup.arguments = {};
    Server server(kLab, setup);
    REQUIRE(server.err().until("Port [9090]: ").has_value());
    const std::size_t before = server.err().all().size();
    server.type(port + "\n@Nobody hello\n");
    CHECK(wait_until([&] { return server.err().all().size() > before; }));
    server.end_input();
    CHECK(serves(server));  // nobody is there any more
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it at the question for the port") {
    questions::signals_stop_it_at_the_question(kLab);
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it, with clients and at the console") {
    for (const int signal : {SIGINT, SIGTERM}) {
      Server server(kLab, knowing_guest(kLab));
      Guest guest(server);
      guest.say("hello");
      REQUIRE(sees(server, kGuest, "hello"));
      CHECK(server.stops_on({signal}));
    }
  }

  TEST_CASE("server: uses no processor time while it waits") {
    Server server(kLab, knowing_guest(kLab));
    Guest guest(server);
    CHECK(server.is_idle());
    server.end_input();
    is_answered(guest);
    CHECK(server.is_idle());
  }

  TEST_CASE("server: usage and bad arguments are told as before") {
    common::usage_is_told(kLab, "server");
    common::bad_arguments_are_refused(kLab, "server");
  }
}
