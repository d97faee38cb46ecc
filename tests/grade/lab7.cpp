// lab7_auth, the server: names have passwords, and who has logged in has a session.

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
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

constexpr Lab kLab = kLabs[6];
const std::string kLongPassword = "\xd0\x96" + std::string(126, 'j');  // 128 bytes, 127 characters

Setup in_folder(const std::string& folder) {
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

// `seen` is all that others may see of a program: what it says, its files, its command line.
Outcome is_not_in(const std::string& seen, const std::string& secret) {
  constexpr std::size_t kAround = 30;  // bytes before it, and after it
  const std::size_t at = seen.find(secret);
  if (at == std::string::npos) return Outcome::holds();
  const std::size_t begin = at - std::min(at, kAround);
  const std::string shown = seen.substr(begin, at - begin + secret.size() + kAround);
  return Outcome::fails("\"" + secret + "\" can be read: ... \"" + excerpt(shown) + "\" ...");
}

// Two passwords that are taken for this one by who looks at a part of it, or changes it before.
std::vector<std::string> almost_the_same(const std::string& password) {
  if (password == kLongPassword) return {password.substr(0, 127) + "J", password.substr(0, 72)};
  std::string capitals = password;
  std::ranges::transform(capitals, capitals.begin(),
                         [](unsigned char c) { return std::toupper(c); });
  return {capitals, password + " "};
}

// A token that resembles another one can be guessed.
Outcome are_unlike(const std::string& one, const std::string& other) {
  constexpr std::size_t kFewest = 8;  // digits; of 16 random ones 15 differ
  std::size_t different = std::max(one.size(), other.size()) - std::min(one.size(), other.size());
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i)
    different += one[i] != other[i];
  return Outcome::of(different >= kFewest,
                     "who knows one token can guess another: \"" + one + "\" and \"" + other + '"');
}

// The next question is for `what`, and gets this answer.
void answers(Talk& talk, const std::string& what, const std::string& text) {
  CAPTURE(what);
  REQUIRE(talk.is_asked(what));
  talk.say(text);
}

// The same, and the answer is refused.
void is_wrong(Talk& talk, const std::string& what, const std::string& text) {
  CAPTURE(excerpt(text, 40));
  answers(talk, what, text);
  REQUIRE(talk.is_refused());
}

// The third wrong answer: the server may say so, and closes.
Outcome is_thrown_out(Talk& talk) {
  const std::optional<std::string> said = talk.hear();
  if (said && !said->starts_with("ERR ")) {
    return Outcome::fails("expected \"ERR ...\" or the end, came \"" + excerpt(*said) + '"');
  }
  return talk.ends();
}

void is_welcome(Server& server, const std::string& token, const std::string& name,
                const PeerOptions& options = {}, const std::string& host = "127.0.0.1") {
  CAPTURE(name);
  Talk talk(server, options, host);
  answers(talk, "token", token);
  REQUIRE(talk.hears("OK Welcome back, " + name + "!"));
  CHECK(talk.peer.leaves());
}

void is_dead(Server& server, const std::string& token) {
  CAPTURE(token);
  Talk talk(server);
  is_wrong(talk, "token", token);
}

// Its password lets somebody in who has registered before. Returns the token.
std::string is_let_in(Talk& talk, const std::string& name, const std::string& password) {
  answers(talk, "password", password);
  const std::string token = talk.hear_token();
  REQUIRE(!token.empty());
  REQUIRE(talk.hears("OK Hello, " + name + "!"));
  return token;
}

// Whether a name has a password, or is new.
void is_registered(Server& server, const std::string& name, bool registered) {
  CAPTURE(name);
  Talk talk(server);
  answers(talk, "token", "");
  answers(talk, "name", name);
  REQUIRE(talk.is_asked(registered ? "password" : "new-password"));
}

// The files of a program but its log, and what is in them.
std::map<std::string, std::string> files_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == "server.log") continue;
    files[entry.path()] = scratch::read_file(entry.path());
  }
  return files;
}

// How often each long word stands in the files. A hash in hex or base64 is one.
std::map<std::string, int> long_words_in(const std::string& folder) {
  constexpr std::size_t kLong = 20;
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  std::map<std::string, int> words;
  for (const auto& [path, content] : files_in(folder)) {
    for (std::size_t begin = 0, end = 0; begin != std::string::npos;
         begin = content.find_first_of(kLetters, end)) {
      end = std::min(content.find_first_not_of(kLetters, begin), content.size());
      if (end - begin >= kLong) ++words[content.substr(begin, end - begin)];
    }
  }
  return words;
}

// Registers somebody whose password is good, behind what was refused before. Returns the token.
std::string gets_in(Talk& talk, const std::string& name, const std::string& password) {
  answers(talk, "new-password", password);
  answers(talk, "repeat-password", password);
  const std::string token = talk.hear_token();
  REQUIRE(!token.empty());
  CHECK(token.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos);
  REQUIRE(talk.hears("OK Nice to meet you, " + name + "!"));
  talk.say("hello");
  CHECK(talk.hears("hello"));
  return token;
}

std::string command_lines(pid_t pid) {
  std::string all;
  for (const pid_t member : proc::family(pid)) {
    all += scratch::read_file("/proc/" + std::to_string(member) + "/cmdline");
  }
  return all;
}

}  // namespace

TEST_SUITE("lab7") {
  // ---- Names and passwords ----

  TEST_CASE("server: a new name chooses a password of 8 to 128 bytes and repeats it" * kLongIdea) {
    const Setup setup = knowing_guest(kLab);
    {
      Server server(kLab, setup);
      Talk talk(server);
      answers(talk, "token", "");
      answers(talk, "name", " Борис ");
      is_wrong(talk, "new-password", "1234567");
      is_wrong(talk, "new-password", kLongPassword + "x");
      const std::string boris = gets_in(talk, "Борис", kLongPassword);
      talk.say("exit");
      CHECK(talk.peer.is_closed());

      Talk second(server);
      answers(second, "token", "");
      answers(second, "name", "Clara");
      answers(second, "new-password", "another password");
      is_wrong(second, "repeat-password", "another passwort");
      CHECK(gets_in(second, "Clara", kPassword) != boris);
      server.signal(SIGKILL);  // what was told is kept
      REQUIRE(server.is_ended_by(SIGKILL));
    }
    Server server(kLab, setup);
    for (const std::string name : {"Борис", "Clara"}) {
      const std::string password = name == "Clara" ? kPassword : kLongPassword;
      for (const std::string& almost : almost_the_same(password)) {
        Talk stranger(server);
        answers(stranger, "token", "");
        answers(stranger, "name", name);
        is_wrong(stranger, "password", almost);
        stranger.peer.close();
      }
      Talk talk(server);
      answers(talk, "token", "");
      answers(talk, "name", name);
      is_let_in(talk, name, password);
    }
  }

  TEST_CASE("server: two people with the same password have different records") {
    const Setup setup = knowing_guest(kLab);
    const auto registers = [](Server& server, const std::string& name,
                              const std::string& password) {
      Talk talk(server);
      answers(talk, "token", "");
      answers(talk, "name", name);
      gets_in(talk, name, password);
    };
    const std::map<std::string, int> before = long_words_in(setup.folder);
    Server server(kLab, setup);
    registers(server, "Boris", "another password");
    std::map<std::string, int> between = long_words_in(setup.folder);
    registers(server, "Clara", kPassword);  // which the guest has, too
    for (const auto& entry : long_words_in(setup.folder)) {
      const std::string& word = entry.first;
      CAPTURE(word);
      // Something that comes with this password, and with no other.
      const bool of_password = before.contains(word) && between[word] == before.at(word) &&
                               entry.second > before.at(word);
      CHECK(!of_password);
    }
  }

  TEST_CASE("server: a known name gets in with its password, also after a wrong one" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string older = session_at(server);
    Talk talk(server, {.from = "127.0.0.2"});
    answers(talk, "token", "");
    answers(talk, "name", kGuest);
    is_wrong(talk, "password", "wrong one");
    const std::string token = is_let_in(talk, kGuest, kPassword);
    CHECK(are_unlike(token, older));
    talk.say("hello");
    CHECK(talk.hears("hello"));
    talk.peer.close();
    is_welcome(server, token, kGuest);
    is_welcome(server, older, kGuest);  // the older session lives on

    Talk again(server);
    answers(again, "token", token);
    REQUIRE(again.hears("OK Welcome back, " + kGuest + "!"));
    again.say("logout");
    const auto farewell = again.hear();
    REQUIRE(farewell.has_value());
    CHECK(farewell->starts_with("OK "));
    CHECK(again.ends());
    is_welcome(server, older, kGuest);
    is_dead(server, token);
  }

  TEST_CASE("server: three wrong answers of any kind are the end and nobody is served" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    {
      Talk talk(server);
      answers(talk, "token", "");
      is_wrong(talk, "name", "");
      answers(talk, "name", kGuest);
      is_wrong(talk, "password", "wrong one");
      REQUIRE(talk.is_asked("password"));
      talk.say_together({"wrong two", "hello", "hello"});
      CHECK(is_thrown_out(talk));
    }
    {
      Talk talk(server);
      answers(talk, "token", "");
      answers(talk, "name", "Dora");
      is_wrong(talk, "new-password", "short");
      answers(talk, "new-password", "long enough");
      is_wrong(talk, "repeat-password", "long enough?");
      answers(talk, "new-password", std::string(129, 'x'));
      CHECK(is_thrown_out(talk));
    }
    CHECK(serves(server));
    is_registered(server, "Dora", false);
  }

  TEST_CASE("server: what is no name is refused") {
    Server server(kLab, knowing_guest(kLab));
    const std::vector<std::string> bad = names::bad();
    for (std::size_t i = 0; i < bad.size(); i += 3) {
      Talk talk(server);
      answers(talk, "token", "");
      for (std::size_t attempt = i; attempt < i + 2; ++attempt) {
        is_wrong(talk, "name", bad[attempt]);
      }
      CAPTURE(excerpt(bad[i + 2], 40));
      answers(talk, "name", bad[i + 2]);
      REQUIRE(is_thrown_out(talk));
    }
  }

  TEST_CASE("server: a name that has a password cannot be registered again" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    is_registered(server, kGuest, true);
    is_registered(server, "  " + kGuest + "  ", true);
    is_registered(server, kGuest + "a", false);
    is_registered(server, "anna", false);
    for (const std::string other : {"exit", "Жанна д'Арк", "x' OR '1'='1", "%", "An_a"}) {
      is_registered(server, other, false);  // an answer like any other
    }
    CHECK(serves(server));
  }

  // ---- Sessions ----

  TEST_CASE("server: a token is good again and again from any address and over restarts" * kIdea) {
    const Setup setup = knowing_guest(kLab);
    for (const int end : {SIGTERM, SIGKILL, SIGTERM}) {
      CAPTURE(end);
      Server server(kLab, setup);
      is_welcome(server, guest_token(kLab), kGuest);
      is_welcome(server, guest_token(kLab), kGuest, {.from = "127.0.0.2"});
      if (machine_has_ipv6()) is_welcome(server, guest_token(kLab), kGuest, {}, "::1");
      server.signal(end);
      REQUIRE((end == SIGKILL ? server.is_ended_by(end) : server.exits(0)));
    }
  }

  TEST_CASE("server: token and messages may come together and the token in pieces") {
    Server server(kLab, knowing_guest(kLab));
    const std::string token = session_at(server);
    const std::string welcome = "OK Welcome back, " + kGuest + "!";
    {
      Talk talk(server);
      talk.say_together({token, "hello", "exit"});
      REQUIRE(talk.is_asked("token"));
      CHECK(talk.hears_in_a_row({welcome, "hello"}));
      CHECK(talk.peer.is_closed());
    }
    const std::string again = session_at(server);
    Talk talk(server);
    REQUIRE(talk.is_asked("token"));
    talk.peer.send(again.substr(0, 20));
    REQUIRE(talk.peer.is_read());
    talk.peer.send(again.substr(20) + "\r\nhel");
    CHECK(talk.hears(welcome));
  }

  TEST_CASE("server: any other token is refused and is no wrong answer" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string& good = guest_token(kLab);
    for (const std::string& token :
         {std::string("x"), std::string(64, '0'), good + "0", good.substr(1),
          good.substr(0, good.size() - 1), " " + good + "x", std::string("\xff\x01\x1b[2J"),
          std::string("logout"), kGuest, kPassword, std::string(60'000, 'a')}) {
      is_dead(server, token);
    }
    Talk talk(server);
    is_wrong(talk, "token", "no such token");
    is_wrong(talk, "name", "");
    is_wrong(talk, "name", "");
    answers(talk, "name", "Dora");
    CHECK(talk.is_asked("new-password"));
  }

  TEST_CASE("server: logout ends the session and exit keeps it" * kIdea) {
    const Setup setup = knowing_guest(kLab);
    std::string token;
    {
      Server server(kLab, setup);
      token = session_at(server);
      for (int round = 0; round < 3; ++round) {
        Talk talk(server);
        answers(talk, "token", token);
        REQUIRE(talk.hears("OK Welcome back, " + kGuest + "!"));
        if (round < 2) talk.say("exit");
        CHECK(talk.peer.leaves());
      }
      Guest guest(server);
      guest.say_together({"hello", "logout", "hello"});
      CHECK(guest.hears("hello"));
      const auto farewell = guest.hear();
      REQUIRE(farewell.has_value());
      CHECK(farewell->starts_with("OK "));
      CHECK(guest.ends());
      is_dead(server, token);
    }
    Server server(kLab, setup);
    Talk talk(server);
    is_wrong(talk, "token", token);  // also after kill -9
    answers(talk, "name", kGuest);
    CHECK(talk.is_asked("password"));  // the person is known as before
  }

  // ---- Who leaves ----

  TEST_CASE("server: leaving at any question registers nobody") {
    Server server(kLab, knowing_guest(kLab));
    const std::vector<std::vector<std::string>> ways = {
        {}, {""}, {"", "Dora"}, {"", "Dora", "long enough"}, {"", kGuest}, {"no token"}};
    for (const auto& way : ways) {
      for (const std::string half : {"", "half an answer"}) {
        for (const bool by_reset : {false, true}) {
          CAPTURE(way.size());
          CAPTURE(half);
          CAPTURE(by_reset);
          Talk talk(server);
          REQUIRE(server.says("connect", {talk.peer.address()}));
          talk.say_together(way);
          talk.peer.send(half);
          REQUIRE(talk.peer.is_read());
          by_reset ? talk.peer.reset() : talk.peer.close();
          REQUIRE(server.says("disconnect", {talk.peer.address()}));
        }
      }
    }
    is_registered(server, "Dora", false);
    Talk hashed(server);  // leaves while its password is being hashed
    hashed.say_together({"", "Dora", "long enough", "long enough"});
    REQUIRE(hashed.peer.is_read());
    hashed.peer.reset();
    CHECK(serves(server));
  }

  TEST_CASE("server: an answer that a close cut off is none") {
    Server server(kLab, knowing_guest(kLab));
    for (const std::vector<std::string>& way : {std::vector<std::string>{guest_token(kLab)},
                                                {"", kGuest, kPassword},
                                                {"", "Dora", "long enough", "long enough"}}) {
      Talk talk(server);
      std::string bytes = together(kLab, way);
      bytes.pop_back();  // all but the last newline
      talk.peer.send(bytes);
      talk.peer.finish_sending();
      CHECK(talk.peer.is_dropped());
      CHECK(talk.peer.incoming.all().find("OK ") == std::string::npos);
      CHECK(talk.peer.incoming.all().find("TOKEN ") == std::string::npos);
    }
    is_registered(server, "Dora", false);
  }

  // ---- Files ----

  TEST_CASE("server: files about users have mode 0600 from the moment they exist" * kIdea) {
    // With no umask and, where strace can see to that, with a chmod() that does nothing, the mode
    // of a file is the one that it was created with.
    std::vector<std::string> wrapper = {"sh", "-c", "umask 0; exec \"$@\"", "sh"};
    const std::string calls = "chmod,fchmod,fchmodat";
    if (trace::is_possible()) {
      const std::string file = scratch::folder("trace") + "/calls";
      const auto strace = strace::command(calls, file, {"-e", "inject=" + calls + ":retval=0"});
      wrapper.insert(wrapper.end(), strace.begin(), strace.end());
    }
    const std::string folder = scratch::folder("modes");
    Setup setup = in_folder(folder);
    setup.wrapper = wrapper;
    Server server(kLab, setup);
    REQUIRE(server.listens());
    const std::map<std::string, std::string> before = files_in(folder);
    Talk talk(server);
    answers(talk, "token", "");
    answers(talk, "name", kGuest);
    gets_in(talk, kGuest, kPassword);
    const auto modes_are_private = [&] {
      std::size_t files = 0;
      for (const auto& file : files_in(folder)) {
        const std::string& path = file.first;
        const bool is_new = !before.contains(path) || before.at(path) != file.second;
        if (!is_new || file.second.empty()) continue;  // an empty one is about nobody
        CAPTURE(path);
        struct stat about {};
        REQUIRE(::stat(path.c_str(), &about) == 0);
        CHECK((about.st_mode & 0777) == 0600);
        ++files;
      }
      CHECK(files > 0);
    };
    modes_are_private();
    talk.say("logout");
    CHECK(talk.hear().has_value());
    modes_are_private();
  }

  TEST_CASE("server: passwords and tokens are in no message, no file and no command line" * kIdea) {
    Server server(kLab, knowing_guest(kLab));
    const std::string wrong_token = "e0ddba11" + std::string(56, '5');
    const std::string wrong_password = "W7!wrong#pw";
    Talk talk(server);
    answers(talk, "token", "");
    answers(talk, "name", kGuest);
    std::string seen;
    const auto look = [&] {
      seen += command_lines(server.pid());
    };
    answers(talk, "password", kPassword);
    wait_until([&] {  // while it is hashed
      look();
      return talk.peer.incoming.rest().find("OK ") != std::string::npos;
    });
    const std::string token = talk.hear_token();
    REQUIRE(talk.hears("OK Hello, " + kGuest + "!"));
    look();
    REQUIRE(!seen.empty());
    CHECK(talk.peer.leaves());
    is_welcome(server, token, kGuest);
    is_dead(server, wrong_token);
    {
      Talk guesser(server);
      answers(guesser, "token", "");
      answers(guesser, "name", kGuest);
      is_wrong(guesser, "password", wrong_password);
    }
    REQUIRE(server.stops_on({SIGTERM}));
    seen += server.out().all() + server.err().all() + scratch::read_file(server.log_path());
    for (const auto& [path, content] : files_in(server.folder())) seen += content;
    for (const std::string& secret :
         {kPassword, wrong_password, token, guest_token(kLab), wrong_token}) {
      CHECK(is_not_in(seen, secret));
    }
    // Nor is a quick hash of the password, which is as good as the password itself.
    for (const std::string hash : {"md5sum", "sha1sum", "sha256sum", "sha512sum"}) {
      CAPTURE(hash);
      Program program(hash, "/usr/bin/env", {.arguments = {hash}});
      program.type(kPassword);
      program.end_input();
      REQUIRE(program.exits(0));
      const std::string digest = program.out().all().substr(0, program.out().all().find(' '));
      REQUIRE(digest.size() >= 32);
      CHECK(seen.find(digest) == std::string::npos);
      CHECK(token != digest);
      CHECK(guest_token(kLab) != digest);
    }
  }

  // ---- What it did before ----

  TEST_CASE("server: the dialogue and all else is as before" * kLong) {
    echo::server_keeps_it(kLab);
  }

  TEST_CASE("server: lines are cut out of the stream as before" * kLong) {
    echo::lines_are_cut_out_of_the_stream(kLab);
    echo::line_too_long_is_dropped(kLab);
  }
}
