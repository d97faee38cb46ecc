#include "probe.hpp"

#include <map>
#include <utility>

#include "chat.hpp"
#include "errors.hpp"
#include "incidents.hpp"
#include "subject.hpp"
#include "tcp.hpp"
#include "udp.hpp"

namespace grade::probe {
namespace {

std::map<std::pair<int, std::string>, Finding> findings;

// For what was to be said by now. Only a hint depends on it.
Clock::duration a_moment() {
  return one_second() / 10;
}

bool says_something(Program& program) {
  wait_until([&] { return !program.err().all().empty() || program.is_over(); }, a_moment());
  return !program.err().all().empty();
}

// In lab 10 there is no LISTEN row; there the line that tells the port stands for it.
bool comes_to_listen(Server& server) {
  if (server.lab().number < 10) return server.comes_to_listen();
  return server.out().until("Listening on port ").has_value();
}

bool shows(Program& program, const std::string& text) {
  const auto has_shown = [&] {
    return program.terminal().all().find(text) != std::string::npos;
  };
  wait_until([&] { return has_shown() || program.is_over(); }, a_moment());
  return has_shown();
}

bool shows_messages(Program& program) {
  return shows(program, "[" + program.who() + "] ");
}

bool prints_something(Program& program) {
  wait_until([&] { return !program.out().all().empty() || program.is_over(); }, one_second());
  return !program.out().all().empty();
}

// The line that tells the port, from lab 5 on.
bool holds_its_port_back(Server& server) {
  if (!server.lab().moves_on() || prints_something(server)) return false;
  Server on_terminal(server.lab(), {.arguments = {std::to_string(free_port())}, .out = kTerminal});
  on_terminal.comes_to_listen();
  return shows(on_terminal, "Listening on port ");
}

// A reply that is printed at the end of all alone.
bool holds_replies_back(Client& client, Listener& listener) {
  if (client.lab().number < 2 || client.lab().number > 5) return false;
  Peer server = listener.accept();
  server.echo();
  client.type("hello\n");
  if (prints_something(client)) return false;
  client.end_input();
  server.finish_sending();
  return prints_something(client);
}

Finding try_server(const Lab& lab) {
  const Setup setup{.arguments = {std::to_string(free_port())}, .in = kPipe};
  Finding finding;
  Server server(lab, setup);
  finding.works = comes_to_listen(server);
  if (!finding.works) {
    const auto ending = server.ending();
    finding.reason = "the server does not listen" +
                     (ending ? ": " + ending->text() : std::string(", and runs on")) +
                     server.last_words();
  }
  if (!finding.works) return finding;
  finding.held_back = holds_its_port_back(server);
  if (lab.has_log() || says_something(server)) return finding;
  const std::vector<std::string> arguments = {std::to_string(free_port())};
  Server with_out(lab, {.arguments = arguments, .out = kTerminal});
  with_out.comes_to_listen();
  finding.on_standard_output = shows_messages(with_out);
  if (finding.on_standard_output) return finding;
  Server with_err(lab, {.arguments = {std::to_string(free_port())}, .err = kTerminal});
  with_err.comes_to_listen();
  finding.held_back = shows_messages(with_err);
  return finding;
}

bool gets_in_touch(Client& client, const Listener& listener) {
  return wait_until([&] { return listener.has_client() || client.is_over(); }) &&
         listener.has_client();
}

// In lab 10 it connects to nothing: its first JOIN stands for that.
Finding try_chat_client(const Lab& lab) {
  ChatHost host;
  Client client(lab, {.arguments = {"127.0.0.1", host.port()}});
  client.type("anna\n");
  Finding finding;
  finding.works = host.hears("JOIN").has_value();
  if (finding.works) return finding;
  const auto ending = client.ending();
  finding.reason = ending ? "the client sends no JOIN: " + ending->text()
                          : "the client sends no JOIN, and runs on";
  return finding;
}

Finding try_client(const Lab& lab) {
  if (lab.number == 10) return try_chat_client(lab);
  Finding finding;
  Listener listener;
  Client client(lab, listener);
  finding.works = gets_in_touch(client, listener);
  if (!finding.works) {
    const auto ending = client.ending();
    finding.reason = "the client does not connect" +
                     (ending ? ": " + ending->text() : std::string(", and runs on")) +
                     client.last_words();
  }
  if (!finding.works) return finding;
  finding.held_back = holds_replies_back(client, listener);
  if (finding.held_back || says_something(client)) return finding;
  Listener for_out;
  Client with_out(lab, for_out, {.out = kTerminal});
  gets_in_touch(with_out, for_out);
  finding.on_standard_output = shows_messages(with_out);
  if (finding.on_standard_output) return finding;
  Listener for_err;
  Client with_err(lab, for_err, {.err = kTerminal});
  gets_in_touch(with_err, for_err);
  finding.held_back = shows_messages(with_err);
  return finding;
}

}  // namespace

const Finding& of(const Lab& lab, const std::string& role) {
  const auto [entry, is_new] = findings.try_emplace({lab.number, role});
  if (!is_new) return entry->second;
  // With all the patience there is, whatever has failed before: a runtime may start slowly.
  const incidents::Incidents of_the_check = incidents::of_this_check();
  incidents::clear();
  try {
    entry->second = role == "server" ? try_server(lab) : try_client(lab);
  } catch (const CannotRun& error) {
    entry->second = {
        .works = false, .held_back = false, .on_standard_output = false, .reason = error.what()};
  }
  incidents::of_this_check() = of_the_check;
  return entry->second;
}

std::optional<std::string> known_reason(const Lab& lab, const std::string& role) {
  const auto found = findings.find({lab.number, role});
  if (found == findings.end() || found->second.works) return std::nullopt;
  return found->second.reason;
}

}  // namespace grade::probe
