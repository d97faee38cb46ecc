// The conversation that comes before the echo, without the socket: what the server says to each
// answer of one client.
//
//   ASK token --good--> OK
//       |other
//   ASK name --known--> ASK password ------------------------> (hash) --> TOKEN, OK
//       `------new----> ASK new-password, ASK repeat-password > (hash) --> TOKEN, OK
//
// A wrong answer gets ERR and a question again, the third one ERR and the end.

#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "accounts.hpp"
#include "name.hpp"
#include "password.hpp"
#include "secret.hpp"
#include "sessions.hpp"
#include "throttle.hpp"

class Login {
 public:
  enum class Next {
    kAnswer,  // the client answers: answer()
    kHash,    // a password is to be hashed, in whatever thread: take_job(), run() it, hashed()
    kIn,      // the client is in; see name()
    kClose,   // the conversation is over
  };
  struct Step {
    explicit Step(std::vector<std::string> to_send, Next then = Next::kAnswer,
                  std::string failure = "")
        : lines(std::move(to_send)), next(then), error(std::move(failure)) {}

    std::vector<std::string> lines;  // to be sent, and wiped: a TOKEN may be among them
    Next next;
    std::string error;  // what failed on this side, for the log
  };

  // The accounts have to live as long as the login.
  explicit Login(Accounts& accounts) : accounts_(accounts) {}

  Step begin() { return Step({question(State::kToken)}); }

  // `text` is wiped.
  Step answer(std::string&& text) {
    Secret given(std::move(text));
    switch (state_) {
      case State::kToken:
        return on_token(std::move(given));
      case State::kName:
        return on_name(given.text());
      case State::kPassword:
        return on_password(std::move(given));
      case State::kNewPassword:
        return on_new_password(std::move(given));
      case State::kRepeat:
        return on_repeat(given);
    }
    return Step({}, Next::kClose);
  }

  HashJob take_job() { return std::move(job_); }

  // `record` is what the job has come to.
  Step hashed(const std::string& record) {
    try {
      return state_ == State::kPassword ? on_checked(record) : on_registered(record);
    } catch (const std::system_error& failure) {
      const bool known = accounts_.users.find(name_).has_value();
      return Step(
          {known ? "ERR Your session could not be stored." : "ERR Your name could not be stored."},
          Next::kClose, failure.what());
    }
  }

  // Ends the session, not only this conversation.
  Step log_out() {
    try {
      accounts_.sessions.close(token_);
      return Step({"OK Goodbye, " + name_ + "!"}, Next::kClose);
    } catch (const std::system_error& failure) {
      return Step({"ERR Your session could not be ended."}, Next::kClose, failure.what());
    }
  }

  const std::string& name() const noexcept { return name_; }

 private:
  enum class State { kToken, kName, kPassword, kNewPassword, kRepeat };
  static constexpr int kTries = 3;  // wrong answers in all, a token not counted

  // The question that is now to be answered.
  std::string question(State state) {
    state_ = state;
    switch (state) {
      case State::kToken:
        return "ASK token Have you a session?";
      case State::kName:
        return "ASK name What is your name?";
      case State::kPassword:
        return "ASK password What is your password?";
      case State::kNewPassword:
        return "ASK new-password You are new here. Choose a password:";
      case State::kRepeat:
        return "ASK repeat-password The same password again:";
    }
    return "";
  }

  Step wrong(std::string_view why, State again) {
    const std::string error = "ERR " + std::string(why);
    if (++wrong_answers_ == kTries) return Step({error}, Next::kClose);
    return Step({error, question(again)});
  }

  Step on_token(Secret token) {
    if (token.text().empty()) return Step({question(State::kName)});
    const auto name = accounts_.sessions.find(token, Sessions::Clock::now());
    if (!name) return Step({"ERR That session has ended.", question(State::kName)});
    name_ = *name;
    token_ = std::move(token);
    return Step({"OK Welcome back, " + name_ + "!"}, Next::kIn);
  }

  Step on_name(std::string_view text) {
    try {
      name_ = parse_name(text);
    } catch (const std::invalid_argument& mistake) {
      return wrong(mistake.what(), State::kName);
    }
    const bool known = accounts_.users.find(name_).has_value();
    return Step({question(known ? State::kPassword : State::kNewPassword)});
  }

  Step on_password(Secret password) {
    admitted_ = Throttle::Clock::now();
    if (!accounts_.throttle.admit(name_, admitted_)) {
      return Step({"ERR Too many wrong passwords. Come back in a minute."}, Next::kClose);
    }
    job_ = check_password_job(std::move(password), accounts_.users.find(name_).value());
    return Step({}, Next::kHash);
  }

  Step on_checked(std::string_view record) {
    const std::string stored = accounts_.users.find(name_).value();
    if (!same_secret(parse_record(record)->hash, parse_record(stored)->hash)) {
      return wrong("That is not the password.", State::kPassword);
    }
    accounts_.throttle.forgive(name_, admitted_);
    return welcome("OK Hello, ");
  }

  Step on_new_password(Secret password) {
    if (!is_password(password.text())) {
      return wrong("A password has 8 to 128 bytes.", State::kNewPassword);
    }
    password_ = std::move(password);
    return Step({question(State::kRepeat)});
  }

  Step on_repeat(const Secret& again) {
    if (!same_secret(password_.text(), again.text())) {
      return wrong("That was another password.", State::kNewPassword);
    }
    job_ = new_password_job(std::move(password_));
    return Step({}, Next::kHash);
  }

  Step on_registered(const std::string& record) {
    // Somebody else may have taken the name since it was given.
    if (accounts_.users.find(name_)) return wrong("That name has just been taken.", State::kName);
    accounts_.users.put(name_, record);
    return welcome("OK Nice to meet you, ");
  }

  Step welcome(const std::string& greeting) {
    token_ = accounts_.sessions.open(name_, Sessions::Clock::now());
    std::string token_line;
    token_line.reserve(128);  // so that no copy is left behind by growing
    token_line.append("TOKEN ").append(token_.text());
    Step step({}, Next::kIn);
    step.lines.push_back(std::move(token_line));
    step.lines.push_back(greeting + name_ + "!");
    return step;
  }

  Accounts& accounts_;
  State state_ = State::kToken;
  int wrong_answers_ = 0;
  std::string name_;
  Secret password_;  // chosen, to be repeated
  HashJob job_;
  Throttle::Clock::time_point admitted_;  // when the password was given
  Secret token_;
};
