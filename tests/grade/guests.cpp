#include "guests.hpp"

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "errors.hpp"
#include "scratch.hpp"
#include "text.hpp"

namespace grade {
namespace {

struct Kept {
  std::string folder;
  std::string token;
};

// Makes it once for each lab. What has failed is not tried again, but fails at once.
class Once {
 public:
  explicit Once(std::function<Kept(const Lab&)> make) : make_(std::move(make)) {}

  const Kept& of(const Lab& lab) {
    const auto [entry, is_new] = made_.try_emplace(lab.number);
    if (is_new) entry->second = make_(lab);
    if (!entry->second) throw CannotRun("see the first failure: nobody could log in");
    return *entry->second;
  }

 private:
  std::function<Kept(const Lab&)> make_;
  std::map<int, std::optional<Kept>> made_;
};

void demand(const Outcome& outcome) {
  if (!outcome) throw ProgramFails("the guest does not get in: " + outcome.why_not());
}

Kept register_guest(const Lab& lab) {
  if (lab.number == 6) return {scratch::folder("server"), ""};
  Server server(lab);
  Talk talk(server);
  const auto answer = [&](const char* what, const std::string& text) {
    demand(talk.is_asked(what));
    talk.say(text);
  };
  answer("token", "");
  answer("name", kGuest);
  answer("new-password", kPassword);
  answer("repeat-password", kPassword);
  const std::string token = talk.hear_token();
  demand(talk.hears("OK Nice to meet you, " + kGuest + "!"));
  return {server.folder(), token};
}

Kept log_client_in(const Lab& lab) {
  if (lab.number == 6) return {scratch::folder("client"), ""};
  Listener listener;
  Client client(lab, listener);
  client.type(kGuest + "\n" + kPassword + "\nexit\n");
  Talk talk(lab, listener);
  talk.say("ASK token Have you a session?");
  demand(talk.hears(""));
  talk.say("ASK name What is your name?");
  demand(talk.hears(kGuest));
  talk.say("ASK password What is your password?");
  demand(talk.hears(kPassword));
  const std::string token(64, 'a');
  talk.say_together({"TOKEN " + token, "OK Hello, " + kGuest + "!"});
  demand(talk.hears("exit"));
  talk.peer.close();
  demand(client.exits(0));
  const std::string file = client.folder() + "/session.token";
  if (!std::filesystem::exists(file)) scratch::write_file(file, token);  // a mistake by itself
  return {client.folder(), ""};
}

const Kept& server_side(const Lab& lab) {
  static Once once(register_guest);
  return once.of(lab);
}

const Kept& client_side(const Lab& lab) {
  static Once once(log_client_in);
  return once.of(lab);
}

// Answers the questions behind a token that is refused; what comes of it is a new token.
std::string logs_in_again(Talk& talk) {
  demand(talk.is_asked("name"));
  talk.say(kGuest);
  demand(talk.is_asked("password"));
  talk.say(kPassword);
  const std::string token = talk.hear_token();
  demand(talk.hears("OK Hello, " + kGuest + "!"));
  return token;
}

// By server, of those that have forgotten the guest's session; see session_at().
std::map<pid_t, std::string> newer_tokens;

std::string token_at(const Lab& lab, pid_t server) {
  const auto newer = newer_tokens.find(server);
  return newer == newer_tokens.end() ? server_side(lab).token : newer->second;
}

void gets_in_by_token(Talk& talk, pid_t server) {
  demand(talk.is_asked("token"));
  talk.say(token_at(talk.lab(), server));
  const std::string said = talk.hear().value_or("the end");
  if (said == "OK Welcome back, " + kGuest + "!") return;
  demand(
      Outcome::of(said.starts_with("ERR "), "the token is answered with \"" + excerpt(said) + '"'));
  newer_tokens[server] = logs_in_again(talk);
}

void gets_in_by_name(Talk& talk) {
  if (talk.hear() == "OK Hello, " + kGuest + "!") return;
  talk.say(kGuest);  // it has been asked for the name
  demand(talk.hears("OK Nice to meet you, " + kGuest + "!"));
}

}  // namespace

void copy_files(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / entry.path().lexically_relative(from);
    if (entry.is_symlink()) {
      if (target.filename() != "server.log") fs::copy_symlink(entry.path(), target);
    } else if (entry.is_directory()) {
      fs::create_directory(target, entry.path());
    } else if (entry.is_regular_file() && target.filename() != "server.log") {
      fs::copy_file(entry.path(), target);
    }
  }
}

Setup knowing_guest(const Lab& lab) {
  const std::string folder = scratch::folder("server");
  copy_files(server_side(lab).folder, folder);
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

std::string guest_token(const Lab& lab) {
  return server_side(lab).token;
}

std::string session_at(Server& server) {
  Guest guest(server);
  demand(guest.peer.leaves());
  return token_at(server.lab(), server.pid());
}

Guest::Guest(Server& server, const PeerOptions& options, const std::string& host)
    : Talk(server, options, host) {
  if (lab().number >= 7) {
    gets_in_by_token(*this, server.pid());
  } else {
    gets_in_by_name(*this);
  }
}

Setup with_session(const Lab& lab, Setup setup) {
  setup.folder = scratch::folder("client");
  copy_files(client_side(lab).folder, setup.folder);
  return setup;
}

Host::Host(const Lab& lab, Listener& listener) : Talk(lab, listener) {
  if (lab.number >= 7) {
    say("ASK token Have you a session?");
    if (!hear()) throw ProgramFails("the client says nothing when it is asked for its session");
  }
  say(lab.number >= 7 ? "OK Welcome back, " + kGuest + "!" : "OK Hello, " + kGuest + "!");
}

Outcome serves(Server& server) {
  Guest guest(server);
  guest.say("are you there?");
  if (Outcome answer = guest.hears("are you there?"); !answer) return answer;
  return guest.peer.leaves();
}

}  // namespace grade
