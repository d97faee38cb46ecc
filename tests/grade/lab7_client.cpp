// lab7_auth, the client: it hides what is typed, and keeps its session.

#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "check.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "strace.hpp"
#include "terminal.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[6];
constexpr char kAskToken[] = "ASK token Have you a session?";
constexpr char kAskName[] = "ASK name What is your name?";
constexpr char kAskPassword[] = "ASK password What is your password?";
const std::string kToken = "c0ffee" + std::string(58, '7');

// The host puts a question, and this is what the client has to send.
void asks(Talk& host, const std::string& question, const std::string& answer) {
  CAPTURE(question);
  host.say(question);
  REQUIRE(host.hears(answer));
}

std::string token_path(const Client& client) {
  return client.folder() + "/session.token";
}

bool keeps_token(const Client& client) {
  return std::filesystem::exists(token_path(client));
}

// A new client in the same folder sends this token.
Outcome sends_token_next_time(const std::string& folder, const std::string& token) {
  Listener listener;
  Client client(kLab, listener, {.folder = folder});
  Talk host(kLab, listener);
  host.say(kAskToken);
  return host.hears(token);
}

bool shows_what_is_typed(const Client& client) {
  termios settings{};
  REQUIRE(::tcgetattr(client.terminal_channel().descriptor(), &settings) == 0);
  return (settings.c_lflag & ECHO) != 0;
}

const Setup kOnTerminal{.in = kTerminal, .out = kTerminal, .err = kTerminal};

// A client on a terminal, at the question for a password.
struct AtPassword {
  explicit AtPassword(const std::string& what = "password")
      : client(kLab, listener, kOnTerminal), host(kLab, listener) {
    asks(host, kAskToken, "");
    host.say("ASK " + what + " Now for the password:");
    REQUIRE(client.terminal().until("Now for the password:").has_value());
    REQUIRE(wait_until([this] { return !shows_what_is_typed(client); }));
  }

  Outcome terminal_is_as_before() const {
    const std::string now = terminal_settings(client.terminal_channel().descriptor());
    return Outcome::of(now == untouched_terminal(), "the terminal is set differently now: " + now);
  }

  Listener listener;
  Client client;
  Talk host;
};

// SIGINT and SIGQUIT come from the keyboard, as they usually do.
void ends_by_signal_at_password(int signal, const std::string& half_typed) {
  CAPTURE(signal);
  AtPassword at;
  at.client.type(half_typed);
  if (signal == SIGINT) {
    at.client.type("\x03");  // Ctrl-C
  } else if (signal == SIGQUIT) {
    at.client.type("\x1c");  // Ctrl and the backslash
  } else {
    wait_until_taken_in(at.client.terminal_channel().descriptor());
    at.client.signal(signal);
  }
  REQUIRE(at.client.is_ended_by(signal));
  CHECK(at.terminal_is_as_before());
  CHECK(at.host.ends());
  CHECK(at.client.terminal().all().find("secr") == std::string::npos);
}

}  // namespace

TEST_SUITE("lab7") {
  // ---- Questions ----

  TEST_CASE("client: answers for the token itself and asks its user for the rest" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    asks(host, kAskToken, "");  // nothing is typed yet
    host.say(kAskName);
    CHECK(client.err().until("What is your name?").has_value());
    client.type("Жанна\n");
    CHECK(host.hears("Жанна"));
    for (const std::string what : {"new-password", "repeat-password"}) {
      host.say("ASK " + what + " Now for the " + what + ":");
      CHECK(client.err().until("Now for the " + what + ":").has_value());
      client.type("  two  words \n");
      CHECK(host.hears("  two  words "));
    }
    host.say_together({"TOKEN " + kToken, "OK Nice to meet you, Жанна!"});
    CHECK(client.err().until("Nice to meet you, Жанна!").has_value());
    client.type("hello\n");
    CHECK(host.hears("hello"));
    host.say("hello");
    CHECK(client.prints("hello\n"));
    client.end_input();
    CHECK(host.hears("exit"));
    host.peer.close();
    CHECK(client.exits(0));
    CHECK(client.out().all() == "hello\n");
  }

  TEST_CASE("client: shows a refusal and answers again") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna\nwrong one\nright one\nhello\n");
    asks(host, kAskToken, "");
    asks(host, kAskName, "Anna");
    asks(host, kAskPassword, "wrong one");
    host.say("ERR Not that one, sorry.");
    CHECK(client.err().until("Not that one, sorry.").has_value());
    asks(host, kAskPassword, "right one");
    host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
    CHECK(host.hears("hello"));
    CHECK(keeps_token(client));
  }

  TEST_CASE("client: a refusal and a close is an error and exit 1") {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna\nwrong one\nhello\n");
    asks(host, kAskToken, "");
    asks(host, kAskName, "Anna");
    asks(host, kAskPassword, "wrong one");
    host.say("ERR That was the last one.");
    host.peer.finish_sending();
    REQUIRE(client.exits(1));
    CHECK(client.count("error") == 1);
    CHECK(client.err().all().find("That was the last one.") != std::string::npos);
    CHECK(host.ends());  // no hello
  }

  TEST_CASE("client: whose input ends at a question sends nothing and exits 1") {
    for (const std::string question : {kAskName, kAskPassword, "ASK new-password New one:"}) {
      CAPTURE(question);
      Listener listener;
      Client client(kLab, listener, {.in = "/dev/null"});
      Talk host(kLab, listener);
      asks(host, kAskToken, "");
      host.say(question);
      REQUIRE(client.exits(1));
      CHECK(client.count("error") == 1);
      CHECK(host.peer.is_closed());
    }
  }

  // ---- The session ----

  TEST_CASE("client: keeps its session and sends it the next time" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Talk host(kLab, listener);
    client.type("Anna\nthe password\nexit\n");
    asks(host, kAskToken, "");
    asks(host, kAskName, "Anna");
    asks(host, kAskPassword, "the password");
    host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
    CHECK(host.hears("exit"));
    host.peer.close();
    REQUIRE(client.exits(0));
    CHECK(scratch::read_file(token_path(client)).find(kToken) != std::string::npos);
    CHECK(sends_token_next_time(client.folder(), kToken));
    CHECK(sends_token_next_time(client.folder(), kToken));
  }

  TEST_CASE("client: a new session takes the place of one that was refused") {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Talk host(kLab, listener);
    CHECK(keeps_token(client));
    host.say(kAskToken);
    CHECK(host.hear().has_value());
    host.say("ERR That session has ended.");
    CHECK(client.err().until("That session has ended.").has_value());
    CHECK(wait_until([&] { return !keeps_token(client); }));
    client.type("Anna\nthe password\n");
    asks(host, kAskName, "Anna");
    asks(host, kAskPassword, "the password");
    host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
    client.type("hello\n");
    CHECK(host.hears("hello"));
    CHECK(sends_token_next_time(client.folder(), kToken));
  }

  TEST_CASE("client: a refused session is gone even if the server then leaves") {
    Listener listener;
    Client client(kLab, listener, with_session(kLab));
    Talk host(kLab, listener);
    host.say(kAskToken);
    CHECK(host.hear().has_value());
    host.say("ERR That session has ended.");
    host.peer.finish_sending();
    CHECK(client.exits(1));
    CHECK(!keeps_token(client));
  }

  TEST_CASE("client: logout ends the session and exit and the end of input keep it" * kIdea) {
    for (const std::string last : {"logout\nhello\n", "exit\n", ""}) {
      CAPTURE(escaped(last));
      Listener listener;
      Client client(kLab, listener, with_session(kLab));
      Host host(kLab, listener);
      client.type(last);
      client.end_input();
      const bool logs_out = last.starts_with("logout");
      CHECK(host.hears(logs_out ? "logout" : "exit"));
      if (logs_out) host.say("OK Until next time, Anna!");
      host.peer.finish_sending();
      CHECK(host.ends());  // it says nothing more
      CHECK(client.exits(0));
      CHECK(keeps_token(client) == !logs_out);
      CHECK(client.out().all() == "");
      if (logs_out) CHECK(client.err().all().find("Until next time, Anna!") != std::string::npos);
    }
  }

  TEST_CASE("client: session.token has mode 0600 from the moment it exists" * kIdea) {
    // See the same check of the server.
    Setup setup;
    setup.wrapper = {"sh", "-c", "umask 0; exec \"$@\"", "sh"};
    const std::string calls = "chmod,fchmod,fchmodat";
    if (trace::is_possible()) {
      const std::string file = scratch::folder("trace") + "/calls";
      const auto strace = strace::command(calls, file, {"-e", "inject=" + calls + ":retval=0"});
      setup.wrapper.insert(setup.wrapper.end(), strace.begin(), strace.end());
    }
    Listener listener;
    Client client(kLab, listener, setup);
    Talk host(kLab, listener);
    client.type("Anna\nthe password\nhello\n");
    asks(host, kAskToken, "");
    asks(host, kAskName, "Anna");
    asks(host, kAskPassword, "the password");
    host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
    REQUIRE(host.hears("hello"));
    struct stat about {};
    REQUIRE(::stat(token_path(client).c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
  }

  // ---- Secrets ----

  TEST_CASE("client: does not show a password on a terminal and sets it back" * kIdea) {
    for (const std::string what : {"password", "new-password", "repeat-password"}) {
      CAPTURE(what);
      AtPassword at(what);
      at.client.type("secret words\r");
      REQUIRE(at.host.hears("secret words"));
      at.host.say(kAskName);
      CHECK(at.client.terminal().until("What is your name?").has_value());
      at.client.type("Anna\r");
      CHECK(at.client.terminal().until("Anna").has_value());  // this is no secret
      CHECK(at.host.hears("Anna"));
      at.host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
      CHECK(at.client.terminal().until("> ").has_value());
      at.client.type("hello\r");
      CHECK(at.host.hears("hello"));
      at.host.say("hello");
      at.client.type("exit\r");
      CHECK(at.host.hears("exit"));
      at.host.peer.close();
      REQUIRE(at.client.exits(0));
      CHECK(at.terminal_is_as_before());
      CHECK(at.client.terminal().all().find("secret") == std::string::npos);
    }
  }

  TEST_CASE("client: Ctrl-C and kill in the middle of a password leave a terminal that shows") {
    for (const std::string half : {"", "secr"}) {
      CAPTURE(half);
      for (const int signal : {SIGINT, SIGTERM}) ends_by_signal_at_password(signal, half);
    }
  }

  TEST_CASE("reference: so do SIGQUIT from the keyboard and SIGHUP") {
    for (const int signal : {SIGQUIT, SIGHUP}) ends_by_signal_at_password(signal, "secr");
  }

  TEST_CASE("client: a server or an input that ends at a password leaves a terminal that shows") {
    {
      AtPassword at;
      at.client.end_input();  // Ctrl-D
      REQUIRE(at.client.exits(1));
      CHECK(at.terminal_is_as_before());
    }
    AtPassword at;
    at.host.peer.close();
    at.client.type("secret words\r");
    REQUIRE(at.client.exits(1));
    CHECK(at.terminal_is_as_before());
  }

  TEST_CASE("client: passwords and tokens are in no message, command line or other file") {
    const std::string password = "S3cret words!";
    const std::string folder = scratch::folder("client");
    std::string seen;
    for (const bool has_session : {false, true}) {
      CAPTURE(has_session);
      Listener listener;
      Client client(kLab, listener, {.folder = folder});
      Talk host(kLab, listener);
      host.say(kAskToken);
      REQUIRE(host.hear().has_value());
      if (!has_session) {
        client.type("Anna\n" + password + "\n");
        asks(host, kAskName, "Anna");
        asks(host, kAskPassword, password);
        host.say("TOKEN " + kToken);
      }
      host.say("OK Hello, Anna!");
      client.type("hello\n");
      REQUIRE(host.hears("hello"));
      for (const pid_t member : proc::family(client.pid())) {
        seen += scratch::read_file("/proc/" + std::to_string(member) + "/cmdline");
      }
      host.say("hello");
      client.end_input();
      CHECK(host.hears("exit"));
      host.peer.close();
      REQUIRE(client.exits(0));
      seen += client.out().all() + client.err().all();
    }
    CHECK(seen.find("client") != std::string::npos);
    const std::string token_file = folder + "/session.token";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path() != token_file) seen += scratch::read_file(entry.path());
    }
    for (const std::string& secret : {password, kToken}) {
      CAPTURE(secret);
      CHECK(seen.find(secret) == std::string::npos);
    }
    CHECK(scratch::read_file(token_file).find(password) == std::string::npos);
  }

  // ---- What it did before ----

  TEST_CASE("client: the dialogue and all else is as before") {
    echo::client_keeps_it(kLab);
  }
}
