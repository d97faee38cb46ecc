#include "subject.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "errors.hpp"
#include "incidents.hpp"
#include "lines.hpp"
#include "probe.hpp"
#include "proc.hpp"
#include "scratch.hpp"
#include "text.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

std::string executable_of(const Lab& lab, const std::string& role) {
  const std::string path = submission::program_of(lab, role);
  if (path.empty()) {
    throw CannotRun(
        "there is no `" + role + "`" +
        (submission::build_words(lab).empty() ? "" : ": see what was not copied or built"));
  }
  return path;
}

std::string name_of(int signal) {
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

}  // namespace

Subject::Subject(const Lab& lab, std::string role, const Setup& setup)
    : Program(role, executable_of(lab, role), setup),
      lab_(lab),
      role_(std::move(role)),
      logs_(lab.has_log() && role_ == "server") {}

std::string_view Subject::new_text() {
  if (!logs_) return std::string_view(err().all()).substr(seen_);
  log_ += scratch::read_file(folder() + "/server.log", log_.size());
  return std::string_view(log_).substr(seen_);
}

const std::vector<Message>& Subject::messages() {
  const std::string_view text = new_text();
  const std::size_t end = text.substr(searched_).rfind('\n');
  const std::string_view whole =  // lines, that is
      text.substr(0, end == std::string_view::npos ? 0 : searched_ + end + 1);
  searched_ = text.size() - whole.size();
  if (logs_ && !whole.empty()) transcript::note("server.log", "->", whole);
  for (const std::string& line : lines_of(whole)) {
    if (auto message = parse_message(line, role_)) {
      messages_.push_back(std::move(*message));
      lines_.push_back(line);
    }
  }
  seen_ += whole.size();
  return messages_;
}

void Subject::require_that_it_works() {
  auto& incidents = incidents::of_this_check();
  (role_ == "server" ? incidents.needs_server : incidents.needs_client) = true;
  if (const auto reason = probe::known_reason(lab_, role_)) throw CannotRun(*reason);
}

const std::vector<std::string>& Subject::message_lines() {
  messages();
  return lines_;
}

std::size_t Subject::count(std::string_view event) {
  return static_cast<std::size_t>(
      std::ranges::count_if(messages(), [&](const Message& m) { return m.event == event; }));
}

std::string Subject::some_events() {
  return messages().empty() ? "nothing" : excerpt(events(), 400);
}

Outcome Subject::says(std::string_view event, std::initializer_list<std::string_view> phrases) {
  const auto fits = [&](const Message& message) {
    return message.event == event && std::ranges::all_of(phrases, [&](std::string_view phrase) {
             return mentions(message.explanation, phrase);
           });
  };
  if (event != "start" && event != "error" && event != "stop") require_that_it_works();
  bool said = false;
  wait_until([&] {
    const bool over = is_over();
    said = std::ranges::any_of(messages(), fits);
    return said || over;
  });
  std::string expected = "[" + role_ + "] " + std::string(event) + ": ";
  for (const std::string_view phrase : phrases) expected.append("... ").append(phrase);
  return Outcome::of(said, "not said: " + expected + " ...; said: " + some_events());
}

Outcome Subject::has_not_said(std::string_view event) {
  return Outcome::of(count(event) == 0,
                     "`" + std::string(event) + "` is not to be said here; said: " + some_events());
}

Outcome Subject::says_nothing_else() {
  for (const std::string& line : lines_of(err().all())) {
    if (!parse_message(line, role_)) {
      return Outcome::fails("on standard error and no service message: \"" + excerpt(line) + '"');
    }
  }
  return Outcome::holds();
}

Server::Server(const Lab& lab) : Server(lab, {.arguments = {std::to_string(free_port())}}) {}

bool Server::comes_to_listen() {
  wait_until([&] {
    const std::vector<TcpSocket> listeners = listeners_of(pid());
    if (!listeners.empty()) port_ = listeners.front().local_port;
    return port_ != 0 || is_over();
  });
  return port_ != 0;
}

Outcome Server::listens() {
  require_that_it_works();
  return Outcome::of(comes_to_listen(), "the server does not listen");
}

Outcome Server::listens_on(std::uint16_t port) {
  std::vector<TcpSocket> listeners;
  const auto is_elsewhere = [&](const TcpSocket& socket) {
    return socket.local_port != port;
  };
  const auto is_settled = [&] {
    const bool over = is_over();
    listeners = listeners_of(pid());
    const bool there = !listeners.empty() && std::ranges::none_of(listeners, is_elsewhere);
    if (there) port_ = port;
    return there || over;
  };
  // A server that moves on may be seen on its way, until it has said where it is.
  const auto is_announced = [&] {
    return lab().moves_on() && out().all().find('\n') != std::string::npos;
  };
  wait_until([&] { return is_settled() || is_announced(); });
  wait_until(is_settled, one_second());

  std::string where = listeners.empty() ? " nothing" : "";
  for (const TcpSocket& socket : listeners) where += " " + socket.local;
  return Outcome::of(port_ == port, "expected to listen on port " + std::to_string(port) +
                                        ", listens on:" + where);
}

Outcome Server::listens_on_both_families() {
  const auto is_ipv6 = [](const TcpSocket& socket) {
    return socket.is_ipv6;
  };
  const bool both =
      wait_until([&] { return std::ranges::any_of(listeners_of(pid()), is_ipv6) || is_over(); });
  return Outcome::of(both && !is_over(), "nothing listens on IPv6");
}

std::uint16_t Server::port() {
  if (port_ != 0) return port_;
  if (const Outcome outcome = listens(); !outcome) throw ProgramFails(outcome.why_not());
  return port_;
}

Peer Server::connect(const PeerOptions& options) {
  return connect_to("127.0.0.1", options);
}

Peer Server::connect_to(const std::string& host, const PeerOptions& options) {
  return Peer(Address(host, port()), options, [this] { return is_over(); });
}

Outcome Server::serves() {
  Peer peer = connect();
  peer.send("are you there?\n");
  if (Outcome answer = peer.receives("are you there?\n"); !answer) return answer;
  return peer.leaves();
}

Outcome Server::stops_on(std::initializer_list<int> signals) {
  for (const int number : signals) signal(number);
  const auto ends = [this] {
    return is_over();
  };
  // One that stands in line for the processor is given more time than one that waits.
  if (!wait_until(ends, one_second()) &&
      !(proc::wants_processor(pid()) && wait_until(ends, patience()))) {
    return Outcome::fails("the server runs on after the signal");
  }
  if (const Outcome exit = exits(0); !exit) return exit;
  if (count("stop") == 0) return Outcome::fails("`stop` is not said; said: " + some_events());
  if (count("stop") != 1 || messages().back().event != "stop") {
    return Outcome::fails("`stop` is to be said once, and last; said: " + some_events());
  }
  const bool named = std::ranges::any_of(signals, [&](int number) {
    return mentions(messages().back().explanation, name_of(number));
  });
  return Outcome::of(named, "`stop` does not say which signal: " + messages().back().explanation);
}

Client::Client(const Lab& lab, const Listener& listener, Setup setup)
    : Subject(lab, "client", [&] {
        setup.arguments = {"127.0.0.1", std::to_string(listener.port())};
        return setup;
      }()) {
  require_that_it_works();
}

}  // namespace grade
