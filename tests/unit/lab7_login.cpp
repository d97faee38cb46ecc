// The conversation before the echo: what is said to each answer, on every path through it. No
// socket is needed, and hardly any hashing: the records here are of one round.

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab7_auth/accounts.hpp"
#include "lab7_auth/login.hpp"
#include "lab7_auth/password.hpp"
#include "lab7_auth/sessions.hpp"
#include "scratch_folder.hpp"

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using Next = Login::Next;

namespace {

const std::string kAskToken = "ASK token Have you a session?";
const std::string kAskName = "ASK name What is your name?";
const std::string kAskPassword = "ASK password What is your password?";
const std::string kAskNew = "ASK new-password You are new here. Choose a password:";
const std::string kAskRepeat = "ASK repeat-password The same password again:";
const std::string kWrong = "ERR That is not the password.";
const std::string kNoSession = "ERR Your session could not be stored.";
const std::string kNoName = "ERR A name has 1 to 32 characters.";

std::string record_of(std::string password) {
  return hash_password(Secret(std::move(password)), "salt", 1);
}

// Accounts in a folder of their own, with one user.
struct House {
  House() { accounts.users.put("Anna", record_of("password")); }

  Secret new_session(std::chrono::hours ago = {}) {
    return accounts.sessions.open("Anna", Sessions::Clock::now() - ago);
  }
  static bool is_alive(std::string_view token) {
    return Sessions().find(Secret(std::string(token)), Sessions::Clock::now()).has_value();
  }

  ScratchFolder folder;
  Accounts accounts;
};

// A login that has been begun, and whose answers are given one after another.
struct Visitor {
  explicit Visitor(Accounts& accounts) : login(accounts) {
    const Login::Step step = login.begin();
    CHECK(step.lines == Lines{kAskToken});
    CHECK(step.next == Next::kAnswer);
  }

  Login::Step answer(std::string text) {
    Login::Step step = login.answer(std::move(text));
    CHECK(step.error.empty());
    return step;
  }

  // What is said to an answer upon which there has to be another one.
  Lines says(std::string text) {
    const Login::Step step = answer(std::move(text));
    CHECK(step.next == Next::kAnswer);
    return step.lines;
  }

  // The same for the last answer of all.
  Lines says_at_last(std::string text) {
    const Login::Step step = answer(std::move(text));
    CHECK(step.next == Next::kClose);
    return step.lines;
  }

  // A password that is to be hashed. The record that comes of it, of the usual rounds or of one.
  HashJob job(std::string password) {
    const Login::Step step = answer(std::move(password));
    REQUIRE(step.next == Next::kHash);
    CHECK(step.lines.empty());
    return login.take_job();
  }
  Login::Step checked(std::string password) { return login.hashed(run(job(std::move(password)))); }
  Login::Step registered(std::string password) {
    HashJob job_of_one_round = job(std::move(password));
    CHECK(job_of_one_round.rounds == kRounds);
    job_of_one_round.rounds = 1;
    return login.hashed(run(job_of_one_round));
  }

  // At the question for the password of a known name, or of a new one.
  void gives_name(const std::string& name, const std::string& question) {
    REQUIRE(says("") == Lines{kAskName});
    REQUIRE(says(name) == Lines{question});
  }

  Login login;
};

// In the end there is a token and a greeting. The token.
std::string token_of(const Login::Step& step, const std::string& greeting) {
  CHECK(step.next == Next::kIn);
  CHECK(step.error.empty());
  REQUIRE(step.lines.size() == 2);
  CHECK(step.lines[0].starts_with("TOKEN "));
  CHECK(step.lines[1] == greeting);
  return step.lines[0].substr(6);
}

// Nothing could be stored, which the client is told, and we.
void has_failed(const Login::Step& step, const std::string& told, const std::string& file) {
  CHECK(step.next == Next::kClose);
  CHECK(step.lines == Lines{told});
  CHECK(step.error.find(file) != std::string::npos);
}

// Makes writing this file impossible, for root as well: beside it is no room for the new one.
void block(const std::string& file) {
  fs::create_directory(file + ".new");
}

}  // namespace

// ---- Tokens ----

TEST_CASE_FIXTURE(House, "a good token is all it takes, again and again") {
  const Secret token = new_session();
  for (int round = 0; round < 2; ++round) {
    Visitor visitor(accounts);
    const Login::Step step = visitor.answer(std::string(token.text()));
    CHECK(step.next == Next::kIn);
    CHECK(step.lines == Lines{"OK Welcome back, Anna!"});
    CHECK(visitor.login.name() == "Anna");
  }
}

TEST_CASE_FIXTURE(House, "no token is no mistake, and any other gets ERR and the next question") {
  const Secret ended = new_session(std::chrono::hours(24));
  const Secret good = new_session();
  const Lines refused = {"ERR That session has ended.", kAskName};
  CHECK(Visitor(accounts).says("") == Lines{kAskName});
  for (const std::string& token :
       {std::string(ended.text()), std::string("x"), std::string(64, '0'), std::string(" "),
        std::string(good.text()) + "0", digest_of(good.text()), std::string("\0", 1)}) {
    CHECK(Visitor(accounts).says(token) == refused);
  }
}

TEST_CASE_FIXTURE(House, "a wrong token is none of the three wrong answers") {
  Visitor visitor(accounts);
  CHECK(visitor.says("x").size() == 2);
  CHECK(visitor.says("") == Lines{kNoName, kAskName});
  CHECK(visitor.says("") == Lines{kNoName, kAskName});
  CHECK(visitor.says("Anna") == Lines{kAskPassword});
}

// ---- A known name ----

TEST_CASE_FIXTURE(House, "the right password gets a token and a greeting") {
  Visitor visitor(accounts);
  visitor.gives_name("  Anna ", kAskPassword);
  const std::string token = token_of(visitor.checked("password"), "OK Hello, Anna!");
  CHECK(visitor.login.name() == "Anna");
  CHECK(is_alive(token));
  CHECK(Visitor(accounts).answer(token).next == Next::kIn);
}

TEST_CASE_FIXTURE(House, "a new login leaves the other sessions alive") {
  const Secret old = new_session();
  Visitor visitor(accounts);
  visitor.gives_name("Anna", kAskPassword);
  const std::string token = token_of(visitor.checked("password"), "OK Hello, Anna!");
  CHECK(token != old.text());
  CHECK(is_alive(old.text()));
}

TEST_CASE_FIXTURE(House, "a wrong password is asked for again, and the third is the end") {
  Visitor visitor(accounts);
  visitor.gives_name("Anna", kAskPassword);
  const Login::Step first = visitor.checked("passwords");
  CHECK(first.lines == Lines{kWrong, kAskPassword});
  CHECK(first.next == Next::kAnswer);
  SUBCASE("the second is right") {
    token_of(visitor.checked("password"), "OK Hello, Anna!");
  }
  SUBCASE("the third is right") {
    CHECK(visitor.checked("").lines == Lines{kWrong, kAskPassword});
    token_of(visitor.checked("password"), "OK Hello, Anna!");
  }
  SUBCASE("none is right") {
    CHECK(visitor.checked("Password").lines == Lines{kWrong, kAskPassword});
    const Login::Step third = visitor.checked("password ");
    CHECK(third.lines == Lines{kWrong});
    CHECK(third.next == Next::kClose);
    CHECK(accounts.sessions.file().rows().empty());
  }
}

TEST_CASE_FIXTURE(House, "a password is hashed as its record wants it") {
  const std::string record = hash_password(Secret(std::string("long ago")), "pepper", 77);
  accounts.users.put("Boris", record);
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskPassword);
  const HashJob job = visitor.job("long ago");
  CHECK(job.password.text() == "long ago");
  CHECK(job.salt == "pepper");
  CHECK(job.rounds == 77);
  token_of(visitor.login.hashed(run(job)), "OK Hello, Boris!");
  CHECK(accounts.users.find("Boris") == record);
}

TEST_CASE_FIXTURE(House, "a record that is cut off is of no password") {
  const std::string record = record_of("password");
  accounts.users.put("Boris", record.substr(0, record.size() - 20));
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskPassword);
  CHECK(visitor.checked("password").lines == Lines{kWrong, kAskPassword});
}

// ---- A new name ----

TEST_CASE_FIXTURE(House, "a new name chooses a password, repeats it, and is known from then on") {
  Visitor visitor(accounts);
  visitor.gives_name("Жанна", kAskNew);
  CHECK(visitor.says("новый") == Lines{kAskRepeat});
  const std::string token = token_of(visitor.registered("новый"), "OK Nice to meet you, Жанна!");
  CHECK(is_alive(token));
  CHECK(visitor.login.name() == "Жанна");

  Accounts after_a_restart;
  Visitor again(after_a_restart);
  again.gives_name("Жанна", kAskPassword);
  token_of(again.checked("новый"), "OK Hello, Жанна!");
}

TEST_CASE_FIXTURE(House, "too short and too long a password is refused at once") {
  const Lines refused = {"ERR A password has 8 to 128 bytes.", kAskNew};
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskNew);
  CHECK(visitor.says("1234567") == refused);
  CHECK(visitor.says(std::string(129, 'x')) == refused);
  SUBCASE("and then a good one is taken") {
    CHECK(visitor.says(std::string(128, 'x')) == Lines{kAskRepeat});
    token_of(visitor.registered(std::string(128, 'x')), "OK Nice to meet you, Boris!");
  }
  SUBCASE("and the third is the end") {
    CHECK(visitor.says_at_last("") == Lines{refused[0]});
    CHECK_FALSE(accounts.users.find("Boris"));
  }
}

TEST_CASE_FIXTURE(House, "another password the second time begins again with the first") {
  const Lines refused = {"ERR That was another password.", kAskNew};
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskNew);
  CHECK(visitor.says("password one") == Lines{kAskRepeat});
  CHECK(visitor.says("password two") == refused);
  CHECK(visitor.says("password one") == Lines{kAskRepeat});
  CHECK(visitor.says("") == refused);
  CHECK(visitor.says("12345678") == Lines{kAskRepeat});
  token_of(visitor.registered("12345678"), "OK Nice to meet you, Boris!");
  Visitor again(accounts);
  again.gives_name("Boris", kAskPassword);
  CHECK(again.checked("password one").lines == Lines{kWrong, kAskPassword});
  token_of(again.checked("12345678"), "OK Hello, Boris!");
}

TEST_CASE_FIXTURE(House, "wrong answers of every kind are counted together") {
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskNew);
  CHECK(visitor.says("short").size() == 2);
  CHECK(visitor.says("password one").size() == 1);
  CHECK(visitor.says("password two").size() == 2);
  CHECK(visitor.says("password one").size() == 1);
  CHECK(visitor.says_at_last("password two") == Lines{"ERR That was another password."});

  Visitor other(accounts);
  CHECK(other.says("") == Lines{kAskName});
  CHECK(other.says("a\tb") == Lines{"ERR A name has no control characters.", kAskName});
  CHECK(other.says("\xff") == Lines{"ERR A name is text in UTF-8.", kAskName});
  CHECK(other.says("Anna") == Lines{kAskPassword});
  const Login::Step last = other.checked("passwords");
  CHECK(last.lines == Lines{kWrong});
  CHECK(last.next == Next::kClose);
}

TEST_CASE_FIXTURE(House, "no name, three times, is the end") {
  Visitor visitor(accounts);
  CHECK(visitor.says("") == Lines{kAskName});
  CHECK(visitor.says("") == Lines{kNoName, kAskName});
  CHECK(visitor.says("    ") == Lines{kNoName, kAskName});
  CHECK(visitor.says_at_last(std::string(33, 'x')) == Lines{kNoName});
}

TEST_CASE_FIXTURE(House, "of two who register one name the second is told, and asked for another") {
  Visitor first(accounts);
  Visitor second(accounts);
  for (Visitor* visitor : {&first, &second}) {
    visitor->gives_name("Boris", kAskNew);
    CHECK(visitor->says("password") == Lines{kAskRepeat});
  }
  HashJob first_job = first.job("password");
  HashJob second_job = second.job("password");
  first_job.rounds = second_job.rounds = 1;
  const std::string record = run(first_job);
  token_of(first.login.hashed(record), "OK Nice to meet you, Boris!");
  const Login::Step late = second.login.hashed(run(second_job));
  CHECK(late.lines == Lines{"ERR That name has just been taken.", kAskName});
  CHECK(late.next == Next::kAnswer);
  CHECK(accounts.users.find("Boris") == record);
  CHECK(second.says("Boris") == Lines{kAskPassword});
  token_of(second.checked("password"), "OK Hello, Boris!");
}

// ---- Guessing ----

TEST_CASE_FIXTURE(House, "after five wrong passwords none is hashed, and a token is still good") {
  const Secret token = new_session();
  accounts.users.put("Boris", record_of("password"));
  for (const int guesses : {2, 3}) {
    Visitor visitor(accounts);
    visitor.gives_name("Anna", kAskPassword);
    for (int i = 0; i < guesses; ++i) CHECK(visitor.checked("guess").lines[0] == kWrong);
  }
  Visitor visitor(accounts);
  visitor.gives_name("Anna", kAskPassword);
  CHECK(visitor.says_at_last("password") ==
        Lines{"ERR Too many wrong passwords. Come back in a minute."});
  CHECK(Visitor(accounts).answer(std::string(token.text())).next == Next::kIn);
  Visitor boris(accounts);
  boris.gives_name("Boris", kAskPassword);
  token_of(boris.checked("password"), "OK Hello, Boris!");
}

TEST_CASE_FIXTURE(House,
                  "passwords that are still being hashed count as wrong, right ones do not") {
  for (int i = 0; i < 10; ++i) {
    Visitor visitor(accounts);
    visitor.gives_name("Anna", kAskPassword);
    token_of(visitor.checked("password"), "OK Hello, Anna!");
  }
  std::vector<Visitor> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.emplace_back(accounts);
    waiting.back().gives_name("Anna", kAskPassword);
    CHECK(waiting.back().job("guess").rounds == 1);
  }
  Visitor sixth(accounts);
  sixth.gives_name("Anna", kAskPassword);
  CHECK(sixth.answer("password").next == Next::kClose);
  token_of(waiting[0].login.hashed(record_of("password")), "OK Hello, Anna!");
  Visitor seventh(accounts);
  seventh.gives_name("Anna", kAskPassword);
  token_of(seventh.checked("password"), "OK Hello, Anna!");
}

// ---- The end of a session ----

TEST_CASE_FIXTURE(House, "logout ends this session and no other") {
  const Secret other = new_session();
  Visitor visitor(accounts);
  SUBCASE("one that was begun by a password") {
    visitor.gives_name("Anna", kAskPassword);
    const std::string token = token_of(visitor.checked("password"), "OK Hello, Anna!");
    CHECK(visitor.login.log_out().lines == Lines{"OK Goodbye, Anna!"});
    CHECK_FALSE(is_alive(token));
  }
  SUBCASE("one that was gone on with by a token") {
    const Secret token = new_session();
    CHECK(visitor.answer(std::string(token.text())).next == Next::kIn);
    const Login::Step step = visitor.login.log_out();
    CHECK(step.lines == Lines{"OK Goodbye, Anna!"});
    CHECK(step.next == Next::kClose);
    CHECK(step.error.empty());
    CHECK_FALSE(is_alive(token.text()));
    CHECK(Visitor(accounts).says(std::string(token.text())).size() == 2);
  }
  SUBCASE("one that was just begun by a new name") {
    visitor.gives_name("Boris", kAskNew);
    CHECK(visitor.says("password") == Lines{kAskRepeat});
    const std::string token =
        token_of(visitor.registered("password"), "OK Nice to meet you, Boris!");
    CHECK(visitor.login.log_out().lines == Lines{"OK Goodbye, Boris!"});
    CHECK_FALSE(is_alive(token));
    CHECK(accounts.users.find("Boris"));
  }
  CHECK(is_alive(other.text()));
}

// ---- What cannot be stored ----

TEST_CASE_FIXTURE(House, "a new user who cannot be stored is none") {
  block("users.tsv");
  Visitor visitor(accounts);
  visitor.gives_name("Boris", kAskNew);
  CHECK(visitor.says("password") == Lines{kAskRepeat});
  has_failed(visitor.registered("password"), "ERR Your name could not be stored.", "users.tsv");
  CHECK_FALSE(accounts.users.find("Boris"));
  CHECK(accounts.sessions.file().rows().empty());
}

TEST_CASE_FIXTURE(House, "a session that cannot be stored is none, and gives no token away") {
  const Secret token = new_session();
  block("sessions.tsv");
  {
    Visitor visitor(accounts);
    visitor.gives_name("Anna", kAskPassword);
    has_failed(visitor.checked("password"), kNoSession, "sessions.tsv");
  }
  {
    Visitor visitor(accounts);
    visitor.gives_name("Boris", kAskNew);
    CHECK(visitor.says("password") == Lines{kAskRepeat});
    has_failed(visitor.registered("password"), kNoSession, "sessions.tsv");
    CHECK(accounts.users.find("Boris"));
  }
  Visitor visitor(accounts);
  CHECK(visitor.answer(std::string(token.text())).next == Next::kIn);
  has_failed(visitor.login.log_out(), "ERR Your session could not be ended.", "sessions.tsv");
  CHECK(is_alive(token.text()));
}

// ---- Secrets ----

TEST_CASE_FIXTURE(House, "an answer is wiped, whatever it was an answer to") {
  Login login(accounts);
  login.begin();
  for (const char* text : {"a token", "Boris", "password", "password"}) {
    std::string answer = text;  // so short that it stands in the std::string itself
    const std::span<const char> memory(answer.data(), answer.size());
    login.answer(std::move(answer));
    CHECK(std::string_view(memory.data(), memory.size()) == std::string(memory.size(), '\0'));
  }
  const HashJob job = login.take_job();
  CHECK(job.password.text() == "password");
}
