// lab7_auth, what the reference programs keep besides: the formats of users.tsv and sessions.tsv,
// and how often a password may be tried.

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "check.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "identity.hpp"
#include "lines.hpp"
#include "loop.hpp"
#include "memory.hpp"
#include "memory_folder.hpp"
#include "proc.hpp"
#include "runaway.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[6];

// Records of kPassword that take next to no time, and that take a third of the usual one; and of
// "Жизнь — движение". They were made by Python's hashlib.pbkdf2_hmac.
const std::string kCheap = "pbkdf2_sha256$1$cheap$fNMHOVCj6mjS30zHXI8wI0r9VR0LqZX/QDdkZyWj168=";
const std::string kDear = "pbkdf2_sha256$200000$dear$j7LiNhqe9rh6UvsQPnYAeEWUO8CvjployFg3DI2aDJw=";
const std::string kOfLife = "pbkdf2_sha256$1000$x$FLK1wQ8WO8M81CK8IfCDLhvXUs3eOaKDmlGQB7TSqUA=";

// A token and its SHA-256, by sha256sum(1).
const std::string kToken(64, 'b');
const std::string kDigest = "a0fab1377f49a759b57f63318262ebe89fabfc990e8e93ceac2984561482b9d4";

// The fields of the line that begins with `key`.
std::vector<std::string> fields_of(const std::string& path, const std::string& key) {
  for (const std::string& line : lines_of_file(path)) {
    if (!line.starts_with(key + "\t")) continue;
    std::vector<std::string> fields;
    for (std::size_t begin = 0, end = 0; end < line.size(); begin = end + 1) {
      end = std::min(line.find_first_of("\t$", begin), line.size());
      fields.push_back(line.substr(begin, end - begin));
    }
    return fields;
  }
  return {};
}

long long now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

std::string session(const std::string& digest, const std::string& name, long long expiry) {
  return digest + "\t" + name + "\t" + std::to_string(expiry) + "\n";
}

Setup in_folder(const std::string& folder) {
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

// A folder with these files, on the disk unless one is given.
Setup with_files(const std::string& users, const std::string& sessions,
                 const std::string& folder = scratch::folder("server")) {
  scratch::write_file(folder + "/users.tsv", users);
  scratch::write_file(folder + "/sessions.tsv", sessions);
  return in_folder(folder);
}

void answers(Talk& talk, const std::string& what, const std::string& text) {
  CAPTURE(what);
  REQUIRE(talk.is_asked(what));
  talk.say(text);
}

// At the question for the password of this name.
void says_name(Talk& talk, const std::string& name) {
  answers(talk, "token", "");
  answers(talk, "name", name);
}

// Gets in by password, and leaves. Returns the token.
std::string logs_in(Server& server, const std::string& name, const std::string& password) {
  CAPTURE(name);
  Talk talk(server);
  says_name(talk, name);
  answers(talk, "password", password);
  const std::string token = talk.hear_token();
  REQUIRE(talk.hears("OK Hello, " + name + "!"));
  CHECK(talk.peer.leaves());
  return token;
}

Outcome is_welcome(Server& server, const std::string& token, const std::string& name) {
  Talk talk(server);
  talk.say(token);
  if (const Outcome asked = talk.is_asked("token"); !asked) return asked;
  return talk.hears("OK Welcome back, " + name + "!");
}

Outcome is_dead(Server& server, const std::string& token) {
  Talk talk(server);
  talk.say(token);
  if (const Outcome asked = talk.is_asked("token"); !asked) return asked;
  return talk.is_refused();
}

// As many wrong passwords as are asked for, in one conversation.
void guesses_wrong(Server& server, const std::string& name, int times, const std::string& from) {
  CAPTURE(from);
  Talk talk(server, {.from = from});
  says_name(talk, name);
  for (int i = 0; i < times; ++i) {
    answers(talk, "password", "wrong one");
    REQUIRE(talk.is_refused());
  }
  talk.peer.close();
}

// Even the right password is refused now.
void is_locked_out(Server& server, const std::string& name, const std::string& from) {
  CAPTURE(from);
  Talk talk(server, {.from = from});
  says_name(talk, name);
  answers(talk, "password", kPassword);
  REQUIRE(talk.is_refused());
  REQUIRE(talk.ends());
}

// What a Python script prints.
std::string python(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"python3", "-c", script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Program program("python3", "/usr/bin/env", {.arguments = words});
  if (!program.exits(0)) return "";
  return program.out().all();
}

bool has_python() {
  static const bool has = python("print('here')", {}) == "here\n";
  return has;
}

// The first piece of a secret that is in a program's memory. Its first byte may well be gone, and
// what freed memory begins with; so pieces from anywhere in it are looked for.
std::string left_of(const std::string& secret, pid_t pid) {
  constexpr std::size_t kPiece = 12;
  std::vector<std::string> pieces;
  if (secret.size() <= kPiece) pieces.push_back(secret.substr(1));
  for (std::size_t at = 0; at + kPiece <= secret.size(); at += 4) {
    pieces.push_back(secret.substr(at, kPiece));
  }
  const std::vector<std::string> found = memory::find(pid, pieces);
  return found.empty() ? "" : found.front();
}

// The next client is asked its first question: whatever was before is over.
Outcome serves_somebody(Server& server) {
  Talk talk(server);
  return talk.is_asked("token");
}

}  // namespace

TEST_SUITE("lab7") {
  // ---- The formats ----

  TEST_CASE("reference: users.tsv and sessions.tsv are what Python makes of password and token") {
    if (!possible(has_python(), "it needs python3")) return;
    Server server(kLab, knowing_guest(kLab));  // whose password is the same
    const long long before = now();
    Talk talk(server);
    says_name(talk, "Жанна");
    answers(talk, "new-password", kPassword);
    answers(talk, "repeat-password", kPassword);
    const std::string token = talk.hear_token();
    REQUIRE(talk.hears("OK Nice to meet you, Жанна!"));
    const long long after = now();

    const auto user = fields_of(server.folder() + "/users.tsv", "Жанна");
    REQUIRE(user.size() == 5);
    CHECK(user[1] == "pbkdf2_sha256");
    CHECK(user[2] == "600000");
    CHECK(user[3].size() == 22);
    CHECK(user[3].find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789") == std::string::npos);
    const auto guest = fields_of(server.folder() + "/users.tsv", kGuest);
    REQUIRE(guest.size() == 5);
    CHECK(guest[3] != user[3]);
    CHECK(guest[4] != user[4]);
    CHECK(lines_of_file(server.folder() + "/users.tsv").size() == 2);

    const std::string computed = python(
        "import sys, hashlib, base64\n"
        "password, salt, token = sys.argv[1:]\n"
        "hash = hashlib.pbkdf2_hmac('sha256', password.encode(), salt.encode(), 600000)\n"
        "print(base64.b64encode(hash).decode() + '$' + hashlib.sha256(token.encode()).hexdigest())",
        {kPassword, user[3], token});
    CHECK(computed.substr(0, computed.find('$')) == user[4]);
    const std::string digest = computed.substr(computed.find('$') + 1, 64);
    const auto entry = fields_of(server.folder() + "/sessions.tsv", digest);
    REQUIRE(entry.size() == 3);
    CHECK(entry[1] == "Жанна");
    CHECK(std::stoll(entry[2]) >= before + 24 * 60 * 60);
    CHECK(std::stoll(entry[2]) <= after + 24 * 60 * 60);
    CHECK(token.size() == 64);
    CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
  }

  TEST_CASE("reference: a record of another maker with another count and salt is honoured") {
    Server server(kLab, with_files("Anna\t" + kCheap + "\nЖанна\t" + kOfLife + "\n", ""));
    logs_in(server, "Anna", kPassword);
    logs_in(server, "Жанна", "Жизнь — движение");
    Talk talk(server);
    says_name(talk, "Жанна");
    answers(talk, "password", "Жизнь — движение!");
    CHECK(talk.is_refused());
    // A login changes nothing in the record.
    const std::vector<std::string> expected = {"Anna\t" + kCheap, "Жанна\t" + kOfLife};
    CHECK(sorted_lines_of_file(server.folder() + "/users.tsv") == expected);
  }

  TEST_CASE("reference: a session ends when its time is over and a digest is no token") {
    const std::string users = "Anna\t" + kCheap + "\n";
    {
      Server server(kLab, with_files(users, session(kDigest, "Anna", now() + 100)));
      CHECK(is_welcome(server, kToken, "Anna"));
      CHECK(is_dead(server, kDigest));
    }
    for (const long long expiry : {now() - 1, 0LL, -5LL}) {
      CAPTURE(expiry);
      Server server(kLab, with_files(users, session(kDigest, "Anna", expiry)));
      CHECK(is_dead(server, kToken));
      CHECK(server.has_not_said("error"));  // it is over, not damaged
    }
    // A session that has ended does not come back with the next login.
    Server server(kLab, with_files(users, session(kDigest, "Anna", now() - 1)));
    const std::string token = logs_in(server, "Anna", kPassword);
    CHECK(is_dead(server, kToken));
    CHECK(is_welcome(server, token, "Anna"));
  }

  TEST_CASE("reference: a damaged line is told with its number and kept in either file") {
    const std::string users = "no tab\nAnna\t" + kCheap +
                              "\nBoris\tpbkdf2_sha256$0$salt$hash\n"
                              "Clara\tpbkdf2_sha256$600000$salt\n"
                              "\xff\t" +
                              kCheap +
                              "\nDora\tplain text\n"
                              "Emil\tpbkdf2_sha256$-5$salt$hash\n"
                              "Fred\tpbkdf2_sha1$1$salt$hash\n";
    const std::string sessions = session(kDigest, "Anna", now() + 100) + "\n" +
                                 session(kDigest.substr(1), "Anna", now() + 100) + kDigest +
                                 "\tAnna\tsoon\n" + kDigest + "\n" + std::string(64, 'f') +
                                 "\tAnna";
    const Setup setup = with_files(users, sessions);
    Server server(kLab, setup);
    CHECK(is_welcome(server, kToken, "Anna"));
    for (const std::string number : {"1", "3", "4", "5", "6", "7", "8"}) {
      CAPTURE(number);
      CHECK(server.says("error", {"users.tsv", number}));
    }
    for (const std::string number : {"2", "3", "4", "5", "6"}) {
      CAPTURE(number);
      CHECK(server.says("error", {"sessions.tsv", number}));
    }
    CHECK(server.count("error") == 12);
    const std::vector<std::string> before = sorted_lines_of_file(setup.folder + "/users.tsv");
    std::vector<std::string> all_sessions = lines_of_file(setup.folder + "/sessions.tsv");
    logs_in(server, "Anna", kPassword);
    CHECK(sorted_lines_of_file(setup.folder + "/users.tsv") == before);
    const std::vector<std::string> after = lines_of_file(setup.folder + "/sessions.tsv");
    CHECK(after.size() == all_sessions.size() + 1);
    for (const std::string& line : all_sessions) CHECK(std::ranges::count(after, line) == 1);
    for (const std::string& line : server.message_lines()) CHECK(flaw_of_log_line(line) == "");
  }

  // ---- What cannot be stored ----

  TEST_CASE("reference: a session that cannot be stored gets ERR and a close and no TOKEN") {
    const Setup setup = with_files(
        "Anna\t" + kCheap + "\n",
        session(kDigest, "Anna", now() + 100) + session(std::string(64, '0'), "Anna", now() + 100));
    REQUIRE(::symlink("/dev/stderr", (setup.folder + "/server.log").c_str()) == 0);
    Server server(kLab, setup);
    REQUIRE(is_welcome(server, kToken, "Anna"));
    const std::string before = scratch::read_file(setup.folder + "/sessions.tsv");
    server.limit(RLIMIT_FSIZE, 0);  // as on a full disk
    {
      Talk talk(server);
      says_name(talk, "Anna");
      answers(talk, "password", kPassword);
      CHECK(talk.is_refused());
      CHECK(talk.ends());
      CHECK(server.err().until("[server] error: ").has_value());
    }
    Talk talk(server);  // a session that is not seen to end does not end
    answers(talk, "token", kToken);
    REQUIRE(talk.hears("OK Welcome back, Anna!"));
    talk.say("logout");
    CHECK(talk.is_refused());
    CHECK(talk.ends());
    CHECK(server.err().until("[server] error: ").has_value());
    CHECK(is_welcome(server, kToken, "Anna"));
    CHECK(scratch::read_file(setup.folder + "/sessions.tsv") == before);
    server.limit(RLIMIT_FSIZE, RLIM_INFINITY);
    logs_in(server, "Anna", kPassword);
  }

  TEST_CASE("reference: a read-only file is told and stays as it is") {
    if (!possible(identity::obeys_modes(), "root may write everything")) return;
    const std::string users = "Anna\t" + kCheap + "\n";
    const std::string sessions = session(kDigest, "Anna", now() + 100);
    Setup setup = with_files(users, sessions);
    REQUIRE(::chmod((setup.folder + "/sessions.tsv").c_str(), 0400) == 0);
    Server server(kLab, setup);
    CHECK(is_welcome(server, kToken, "Anna"));
    Talk talk(server);
    says_name(talk, "Anna");
    answers(talk, "password", kPassword);
    CHECK(talk.is_refused());
    CHECK(talk.ends());
    CHECK(server.says("error", {"sessions.tsv"}));
    CHECK(scratch::read_file(setup.folder + "/users.tsv") == users);
    CHECK(scratch::read_file(setup.folder + "/sessions.tsv") == sessions);
  }

  // ---- Guessing ----

  TEST_CASE("reference: after five wrong passwords for a name none is hashed for a minute") {
    const std::string users = "Anna\t" + kDear + "\nBoris\t" + kCheap + "\n";
    Server server(kLab, with_files(users, session(kDigest, "Anna", now() + 100)));
    REQUIRE(server.listens());
    const double begin = proc::cpu_seconds(server.pid());
    guesses_wrong(server, "Anna", 3, "127.0.0.1");
    guesses_wrong(server, "Anna", 2, "127.0.0.2");
    const double guessed = proc::cpu_seconds(server.pid());
    for (const char* from : {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"}) {
      is_locked_out(server, "Anna", from);
    }
    const double refused = proc::cpu_seconds(server.pid());
    CAPTURE(guessed - begin);
    CAPTURE(refused - guessed);
    CHECK(refused - guessed < (guessed - begin) / 2);  // as many passwords, and none of them hashed
    CHECK(is_welcome(server, kToken, "Anna"));
    logs_in(server, "Boris", kPassword);
  }

  TEST_CASE("reference: the sixth wrong password is refused within a conversation, too") {
    Server server(kLab, with_files("Anna\t" + kCheap + "\n", ""));
    guesses_wrong(server, "Anna", 3, "127.0.0.1");
    Talk talk(server);
    says_name(talk, "Anna");
    for (int i = 0; i < 2; ++i) {
      answers(talk, "password", "wrong one");
      REQUIRE(talk.is_refused());
    }
    answers(talk, "password", kPassword);
    CHECK(talk.is_refused());
    CHECK(talk.ends());
  }

  TEST_CASE("reference: right passwords do not count as wrong") {
    Server server(kLab, with_files("Anna\t" + kCheap + "\n", ""));
    for (int i = 0; i < 12; ++i) logs_in(server, "Anna", kPassword);
    guesses_wrong(server, "Anna", 3, "127.0.0.1");
    guesses_wrong(server, "Anna", 1, "127.0.0.1");
    for (int i = 0; i < 3; ++i) logs_in(server, "Anna", kPassword);
  }

  TEST_CASE("reference: many connections at once do not have more guesses") {
    Server server(kLab, with_files("Anna\t" + kCheap + "\n", ""));
    REQUIRE(server.listens());
    std::vector<std::unique_ptr<Talk>> talks;
    for (int i = 0; i < 20; ++i) {
      talks.push_back(std::make_unique<Talk>(server));
      const bool right = i >= 3;  // nine guesses have been sent before this one
      talks.back()->say_together(
          {"", "Anna", right ? kPassword : "wrong one", "wrong two", "wrong three"});
    }
    for (const auto& talk : talks) {
      CHECK(talk->peer.is_dropped());
      CHECK(talk->peer.incoming.all().find("OK ") == std::string::npos);
      talk->peer.close();
    }
  }

  // ---- kill -9 ----

  TEST_CASE("reference: kill -9 at any instant leaves old or new sessions and all that was told") {
    constexpr int kKills = 30;
    constexpr std::size_t kLogins = 8;
    const MemoryFolder folder("kills");
    const std::string users = "Anna\t" + kCheap + "\n";
    with_files(users, "", folder.path());
    std::vector<std::string> tokens;
    for (int kill = 0; kill < kKills; ++kill) {
      CAPTURE(kill);
      Server server(kLab, in_folder(folder.path()));
      REQUIRE(server.listens());
      if (!tokens.empty()) REQUIRE(is_welcome(server, tokens.back(), "Anna"));
      server.signal(SIGSTOP);
      std::vector<std::unique_ptr<Talk>> talks;
      for (std::size_t i = 0; i < kLogins; ++i) {
        talks.push_back(std::make_unique<Talk>(server));
        talks.back()->say_together({"", "Anna", kPassword, "exit"});
        talks.back()->peer.finish_sending();
      }
      server.signal(SIGCONT);
      Talk& some = *talks[random_below(kLogins)];
      REQUIRE(wait_until([&] { return !some.peer.incoming.all().empty(); }));
      let_pass(std::chrono::microseconds(random_below(300)));
      server.signal(SIGKILL);
      REQUIRE(server.is_ended_by(SIGKILL));
      const std::size_t before = tokens.size();
      for (const auto& talk : talks) {
        CHECK(talk->peer.is_dropped());
        const std::string& all = talk->peer.incoming.all();
        const std::size_t begin = all.find("TOKEN ");
        if (begin < all.size() && all.find('\n', begin) < all.size()) {
          tokens.push_back(all.substr(begin + 6, 64));
        }
      }
      const std::string content = scratch::read_file(folder.path() + "/sessions.tsv");
      const std::size_t sessions = lines_of_file(folder.path() + "/sessions.tsv").size();
      CHECK((content.empty() || content.ends_with('\n')));
      CHECK(sessions >= tokens.size());
      CHECK(sessions <= tokens.size() + static_cast<std::size_t>(kill) + 1);  // one untold a kill
      CHECK(scratch::read_file(folder.path() + "/users.tsv") == users);
      CHECK(tokens.size() <= before + kLogins);
    }
    Server server(kLab, in_folder(folder.path()));
    for (const std::string& token : tokens) REQUIRE(is_welcome(server, token, "Anna"));
    CHECK(server.has_not_said("error"));
  }

  // ---- Secrets in memory ----

  TEST_CASE("reference: passwords and tokens do not stay in the server's memory") {
    Server server(kLab, with_files("Anna\t" + kCheap + "\n", ""));
    REQUIRE(server.listens());
    if (!possible(memory::can_be_read(server.pid()), "its memory may not be read")) return;
    if (!possible(!is_sanitized("/proc/" + std::to_string(server.pid()) + "/exe"),
                  "the sanitizer in it keeps what is freed")) {
      return;
    }
    const std::string wrong = "W7!wrong#pw" + letters(60);
    std::string token;
    {
      Talk talk(server);
      // The first piece of the password comes with what is before it, and then the other one.
      talk.peer.send(together(kLab, {std::string(64, '0'), "Anna"}) + wrong.substr(0, 30));
      REQUIRE(talk.is_asked("token"));
      REQUIRE(talk.is_refused());
      REQUIRE(talk.is_asked("name"));
      REQUIRE(talk.is_asked("password"));
      REQUIRE(talk.peer.is_read());
      talk.peer.send(wrong.substr(30) + "\n");
      REQUIRE(talk.is_refused());
      answers(talk, "password", kPassword);
      token = talk.hear_token();
      REQUIRE(talk.hears("OK Hello, Anna!"));
      talk.say("hello");
      REQUIRE(talk.hears("hello"));
      CHECK(left_of(wrong, server.pid()) == "");
      CHECK(left_of(kPassword, server.pid()) == "");
      // The token is there as long as the conversation is, for a logout.
      talk.peer.send("half a line, which is not given out yet");
      REQUIRE(talk.peer.is_read());
      CHECK(left_of("half a line, which", server.pid()) != "");  // so what is there is found
    }
    Talk other(server);
    REQUIRE(other.is_asked("token"));  // so the conversation before is over
    CHECK(left_of(token, server.pid()) == "");
    other.say(token);
    REQUIRE(other.hears("OK Welcome back, Anna!"));
    other.peer.close();
    CHECK(serves_somebody(server));
    CHECK(left_of(token, server.pid()) == "");

    const std::string half = "H4lf!a#pw" + letters(40);
    Talk leaving(server);
    leaving.peer.send(together(kLab, {"", "Anna"}) + half);
    REQUIRE(leaving.is_asked("token"));
    REQUIRE(leaving.is_asked("name"));
    REQUIRE(leaving.is_asked("password"));
    REQUIRE(leaving.peer.is_read());
    leaving.peer.close();
    CHECK(serves_somebody(server));
    CHECK(left_of(half, server.pid()) == "");
  }

  TEST_CASE("reference: passwords and tokens do not stay in the client's memory") {
    const std::string password = "S3cret!" + letters(70);
    const std::string token = "c0ffee" + letters(6) + std::string(52, '7');
    Setup setup;
    setup.folder = scratch::folder("client");
    scratch::write_file(setup.folder + "/session.token", kToken);
    Listener listener;
    Client client(kLab, listener, setup);
    Talk host(kLab, listener);
    host.say("ASK token Have you a session?");
    REQUIRE(host.hears(kToken));
    if (!possible(memory::can_be_read(client.pid()), "its memory may not be read")) return;
    if (!possible(!is_sanitized("/proc/" + std::to_string(client.pid()) + "/exe"),
                  "the sanitizer in it keeps what is freed")) {
      return;
    }
    host.say_together({"ERR Not any more.", "ASK password Now:"});
    REQUIRE(client.err().until("Now:").has_value());
    CHECK(left_of(kToken, client.pid()) == "");
    client.type(password.substr(0, 30));
    client.type(password.substr(30) + "\nshort!pw\nhello\n");
    REQUIRE(host.hears(password));
    host.say("ASK repeat-password Again:");
    REQUIRE(host.hears("short!pw"));
    host.peer.send("TOKEN " + token.substr(0, 40));
    REQUIRE(host.peer.is_read());
    host.peer.send(token.substr(40) + "\nOK Hello, Anna!\n");
    REQUIRE(host.hears("hello"));
    CHECK(left_of("K Hello, Anna!", client.pid()) != "");  // so what is there is found
    for (const std::string& secret : {password, std::string("short!pw"), token}) {
      CAPTURE(secret);
      CHECK(left_of(secret, client.pid()) == "");
    }
  }

  // ---- The client's session.token ----

  TEST_CASE("reference: session.token holds the token's digits and nonsense in it is no token") {
    const std::string folder = scratch::folder("client");
    const std::string path = folder + "/session.token";
    const auto sends = [&](const std::string& expected) {
      Listener listener;
      Client client(kLab, listener, {.folder = folder});
      Talk host(kLab, listener);
      host.say("ASK token Have you a session?");
      return host.hears(expected);
    };
    for (const std::string& content : {kToken, kToken + "\n"}) {
      scratch::write_file(path, content);
      CHECK(sends(kToken));
    }
    for (const std::string& content :
         {std::string(), std::string("\n"), std::string("no hex\n"), kToken + " " + kToken,
          kToken + "\n\n", std::string("\0\0", 2), std::string("\x1b[2J\nlogout\n")}) {
      CAPTURE(escaped(content));
      scratch::write_file(path, content);
      CHECK(sends(""));
    }
  }

  TEST_CASE("reference: a session that cannot be kept is told and no reason not to talk") {
    if (!possible(identity::obeys_modes(), "root may write everything")) return;
    Setup setup;
    setup.folder = scratch::folder("client");
    REQUIRE(::chmod(setup.folder.c_str(), 0500) == 0);
    Listener listener;
    Client client(kLab, listener, setup);
    Talk host(kLab, listener);
    host.say_together({"TOKEN " + kToken, "OK Hello, Anna!"});
    client.type("hello\n");
    CHECK(host.hears("hello"));
    CHECK(client.says("error", {"session.token"}));
  }

  TEST_CASE("reference: a session that cannot be deleted is told") {
    if (!possible(identity::obeys_modes(), "root may write everything")) return;
    Setup setup;
    setup.folder = scratch::folder("client");
    scratch::write_file(setup.folder + "/session.token", kToken);
    REQUIRE(::chmod(setup.folder.c_str(), 0500) == 0);
    Listener listener;
    Client client(kLab, listener, setup);
    Talk host(kLab, listener);
    host.say("ASK token Have you a session?");
    REQUIRE(host.hears(kToken));
    host.say_together({"ERR Not any more.", "OK Hello, Anna!"});
    client.type("logout\n");
    REQUIRE(host.hears("logout"));
    host.say("OK Goodbye, Anna!");
    REQUIRE(client.exits(0));
    CHECK(client.count("error") == 2);
    CHECK(client.says("error", {"session.token"}));
  }

  TEST_CASE("reference: what is no token is not kept and is an error and exit 1") {
    for (const std::string line : {"TOKEN", "TOKEN ", "TOKEN ../../x", "TOKEN \x1b[31m",
                                   "TOKEN a b", "NONSENSE", "", "ok Hello"}) {
      CAPTURE(escaped(line));
      Listener listener;
      Client client(kLab, listener);
      Talk host(kLab, listener);
      host.say(line);
      REQUIRE(client.exits(1));
      CHECK(client.count("error") == 1);
      CHECK(::access((client.folder() + "/session.token").c_str(), F_OK) != 0);
    }
  }

  // ---- The close ----

  TEST_CASE("reference: who has sent much behind exit gets all replies") {
    echo::replies_outlive_the_close(kLab);
  }
}
