#include "probe.hpp"

#include <map>
#include <utility>

#include "chat.hpp"
#include "errors.hpp"
#include "subject.hpp"
#include "tcp.hpp"
#include "udp.hpp"

namespace grade::probe {
namespace {

std::map<std::pair<int, std::string>, Finding> findings;

bool says_something(Program& program) {
  wait_until([&] { return !program.err().all().empty() || program.is_over(); }, one_second());
  return !program.err().all().empty();
}

bool says_something_on_a_terminal(Program& program) {
  wait_until([&] { return !program.terminal().all().empty() || program.is_over(); }, one_second());
  return !program.terminal().all().empty();
}

// In lab 10 there is no LISTEN row; there the line that tells the port stands for it.
bool comes_to_listen(Server& server) {
  if (server.lab().number < 10) return server.comes_to_listen();
  return server.out().until("Listening on port ").has_value();
}

Finding try_server(const Lab& lab) {
  const Setup setup{.arguments = {std::to_string(free_port())}, .in = kPipe};
  Finding finding;
  Server server(lab, setup);
  finding.works = comes_to_listen(server);
  if (!finding.works) {
    const auto ending = server.ending();
    finding.reason = ending ? "the server does not listen: " + ending->text()
                            : "the server does not listen, and runs on";
  }
  if (!finding.works || lab.has_log() || says_something(server)) return finding;
  Server on_terminal(lab, {.arguments = {std::to_string(free_port())}, .err = kTerminal});
  finding.held_back = says_something_on_a_terminal(on_terminal);
  return finding;
}

bool gets_in_touch(Client& client, const Listener& listener) {
  return wait_until([&] { return listener.has_client() || client.is_over(); }) &&
         listener.has_client();
}

Finding try_client(const Lab& lab) {
  Finding finding;
  if (lab.number == 10) return finding;
  Listener listener;
  Client client(lab, listener);
  finding.works = gets_in_touch(client, listener);
  if (!finding.works) {
    const auto ending = client.ending();
    finding.reason = ending ? "the client does not connect: " + ending->text()
                            : "the client does not connect, and runs on";
  }
  if (!finding.works || says_something(client)) return finding;
  Listener other;
  Client on_terminal(lab, other, {.in = kTerminal, .out = kTerminal, .err = kTerminal});
  finding.held_back = gets_in_touch(on_terminal, other) && says_something_on_a_terminal(on_terminal);
  return finding;
}

}  // namespace

const Finding& of(const Lab& lab, const std::string& role) {
  const auto [entry, is_new] = findings.try_emplace({lab.number, role});
  if (!is_new) return entry->second;
  try {
    entry->second = role == "server" ? try_server(lab) : try_client(lab);
  } catch (const CannotRun& error) {
    entry->second = {.works = false, .held_back = false, .reason = error.what()};
  }
  return entry->second;
}

std::optional<std::string> known_reason(const Lab& lab, const std::string& role) {
  const auto found = findings.find({lab.number, role});
  if (found == findings.end() || found->second.works) return std::nullopt;
  return found->second.reason;
}

}  // namespace grade::probe
