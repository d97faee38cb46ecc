// The login of lab 7, whatever is answered: nobody gets in without the right password, a new name,
// or a living token, and three wrong answers are the end.

#include "lab7_auth/login.hpp"
#include "fuzz.hpp"
#include "lab7_auth/server_line.hpp"
#include "quick_hash.hpp"

#include <map>
#include <optional>
#include <set>

namespace {

// What an attentive neighbour knows of all who logged in before, and of this conversation.
struct Model {
  std::map<std::string, std::string> passwords;  // by name
  std::set<std::string> tokens;

  std::string asked;  // "name", "password"...
  std::string name;
  std::string password;  // the last that was given
  bool may_be_in = false;
  int wrong = 0;
};

void note_answer(Model& model, const std::string& answer) {
  model.may_be_in = false;
  if (model.asked == "token") {
    model.may_be_in = model.tokens.contains(answer);
  } else if (model.asked == "name") {
    model.name = std::string(trimmed(answer));
  } else if (model.asked == "password") {
    const auto known = model.passwords.find(model.name);
    model.may_be_in = known != model.passwords.end() && known->second == answer;
  } else if (model.asked == "new-password") {
    model.password = answer;
  } else if (model.asked == "repeat-password") {
    model.may_be_in = answer == model.password && is_password(answer) && is_name(model.name) &&
                      !model.passwords.contains(model.name);
    if (model.may_be_in) model.passwords[model.name] = answer;
  }
}

void note_lines(Model& model, const Login::Step& step) {
  for (const std::string& line : step.lines) {
    const ServerLine said = parse_server_line(line);
    if (said.word == "ASK") model.asked = std::string(said.what);
    if (said.word == "ERR" && model.asked != "token") ++model.wrong;
    if (said.word == "TOKEN") {
      model.tokens.emplace(said.text);
      require(is_utf8(line) && said.text.size() == 64, "a token is 64 digits");
    }
  }
  require(model.wrong <= 3, "three wrong answers are the end");
}

// One conversation; the answers are lines of `data`, or a token that was given out before.
void converse(Accounts& accounts, Model& model, FuzzedDataProvider& data) {
  Login login(accounts);
  Login::Step step = login.begin();
  model.wrong = 0;
  note_lines(model, step);
  while (step.next == Login::Next::kAnswer && data.remaining_bytes() > 0) {
    std::string answer = data.ConsumeRandomLengthString(140);
    if (answer == "T" && !model.tokens.empty()) answer = *model.tokens.begin();
    note_answer(model, answer);
    step = login.answer(std::move(answer));
    if (step.next == Login::Next::kHash) step = login.hashed(run(login.take_job()));
    note_lines(model, step);
    require(step.next != Login::Next::kIn || model.may_be_in, "who is in has a right to be");
  }
  if (step.next != Login::Next::kIn || !data.ConsumeBool()) return;
  require(login.log_out().next == Login::Next::kClose, "logout is the end");
  // Which of the tokens it was is not told: those that are dead are forgotten.
  std::erase_if(model.tokens, [&](const std::string& token) {
    return !accounts.sessions.find(Secret(std::string(token)), Sessions::Clock::now());
  });
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  work_in_scratch_folder();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  ::unlink("users.tsv");
  ::unlink("sessions.tsv");
  FuzzedDataProvider data(bytes, size);
  Accounts accounts;
  Model model;
  while (data.remaining_bytes() > 0) converse(accounts, model, data);
  return 0;
}
