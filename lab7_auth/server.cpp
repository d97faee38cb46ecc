// Lab 7, the server: names have passwords, and who has logged in has a session for a day.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "accounts.hpp"
#include "address.hpp"
#include "arguments.hpp"
#include "input_lines.hpp"
#include "line_socket.hpp"
#include "log.hpp"
#include "login.hpp"
#include "prompt.hpp"
#include "secret.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"
#include "stop_signals.hpp"
#include "table_file.hpp"

const std::string_view kProgram = "server";

namespace {

constexpr std::size_t kMaxLine = 65'536;  // bytes, the end of the line not counted
constexpr std::chrono::minutes kMaxSilence{5};
constexpr std::chrono::seconds kMaxFarewell{1};  // for a client to close after us

constexpr std::string_view kUsage =
    "usage: server [PORT]\n"
    "Asks each client to log in, then returns every line that it sends.\n"
    "  PORT        from 1 to 65535; asked for unless given\n"
    "  -h, --help  shows this\n";

Socket open_listener(std::uint16_t port, int family) {
  Socket listener(check("socket", ::socket(family, SOCK_STREAM, 0)));

  // Without this, bind() fails for a minute after a restart, while the system still keeps the
  // old connections in TIME_WAIT.
  const int on = 1;
  check("setsockopt SO_REUSEADDR",
        ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  // One IPv6 socket takes IPv4 clients as well, unless it is told not to.
  const int off = 0;
  if (family == AF_INET6) {
    check("setsockopt IPV6_V6ONLY",
          ::setsockopt(listener.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
  }

  const AddressList address = look_up("", port, family);  // every address of this machine
  const std::string where = to_string(address->ai_addr, address->ai_addrlen);
  check("bind to", ::bind(listener.fd(), address->ai_addr, address->ai_addrlen), where);
  check("listen on", ::listen(listener.fd(), SOMAXCONN), where);
  say("listen", where + (family == AF_INET6 ? ", IPv6 and IPv4" : ""));
  return listener;
}

Socket open_listener(std::uint16_t port) {
  try {
    return open_listener(port, AF_INET6);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return open_listener(port, AF_INET);  // a machine without IPv6
  }
}

// Whether a port is free is known when bind() and listen() have succeeded, and not before: a
// probe with another socket would only tell how it was a moment ago.
std::optional<Socket> open_listener_unless_busy(unsigned port) {
  try {
    Socket listener = open_listener(static_cast<std::uint16_t>(port));
    write_output(as_bytes("Listening on port " + std::to_string(port) + "\n"));
    return listener;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;  // no permission, say: no port will do
    return std::nullopt;
  }
}

// `wanted` or the next port that is free, counting up; after the last, from the first that needs
// no privilege.
Socket open_listener_from(std::uint16_t wanted) {
  constexpr unsigned kFirstUnprivileged = 1024;
  constexpr unsigned kLast = 65535;
  for (unsigned port = wanted; port <= kLast; ++port) {
    if (auto listener = open_listener_unless_busy(port)) return std::move(*listener);
  }
  for (unsigned port = kFirstUnprivileged; port < wanted; ++port) {
    if (auto listener = open_listener_unless_busy(port)) return std::move(*listener);
  }
  throw std::runtime_error("bind: no port is free from " + std::to_string(wanted) +
                           " up, nor from 1024 to it");
}

// Without this, the second of two small sends is held back until the client has acknowledged the
// first, which takes it 40 ms (Nagle's algorithm meets delayed ACK).
void send_without_delay(const Socket& client) {
  const int on = 1;
  check("setsockopt TCP_NODELAY",
        ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

void send_message(LineSocket& client, const std::string& peer, std::string_view message) {
  client.send_message(message);
  say("send", bytes(message.size() + 1) + " to " + peer);
}

void send_step(LineSocket& client, const std::string& peer, Login::Step& step) {
  if (!step.error.empty()) say("error", step.error);
  for (std::string& line : step.lines) {
    send_message(client, peer, line);
    wipe(line);
  }
}

// Asks until the client is logged in. The result says why that came to nothing, and is empty if
// it went well.
std::string log_in(LineSocket& client, const std::string& peer, Login& login) {
  Login::Step step = login.begin();
  while (true) {
    send_step(client, peer, step);
    if (step.next == Login::Next::kIn) return "";
    if (step.next == Login::Next::kClose) return "has not logged in";
    if (step.next == Login::Next::kHash) {
      step = login.hashed(run(login.take_job()));  // everybody else waits: lab 9 changes that
    } else {
      auto answer = client.receive_message();
      if (client.cut_off()) wipe(*answer);  // a part of a password, perhaps
      if (!answer || client.cut_off()) return "closed the connection at a question";
      if (answer->ends_with('\r')) answer->pop_back();
      step = login.answer(std::move(*answer));
    }
  }
}

// Returns every line, until there are no more. The result says why.
std::string echo(LineSocket& client, const std::string& peer, Login& login) {
  while (const auto message = client.receive_message()) {
    const std::string_view line = without_carriage_return(*message);
    if (line == "exit") return "said exit";
    if (line == "logout") {
      Login::Step step = login.log_out();
      send_step(client, peer, step);
      return "said logout";
    }
    send_message(client, peer, line);
  }
  return "closed the connection";
}

void serve_one_client(const Socket& listener, Accounts& accounts) {
  sockaddr_storage address{};  // has room for either family
  socklen_t size = sizeof address;
  Socket connected(check("accept", ::accept(listener.fd(), as_sockaddr(address), &size)));
  const std::string peer = to_string(as_sockaddr(address), size);
  say("connect", peer);
  LineSocket client(std::move(connected), kMaxLine,
                    [&peer](std::size_t count) { say("receive", bytes(count) + " from " + peer); });
  try {
    send_without_delay(client);
    client.set_timeout(kMaxSilence);
    Login login(accounts);
    std::string reason = log_in(client, peer, login);
    if (reason.empty()) reason = echo(client, peer, login);
    say("disconnect", peer + " " + reason);
  } catch (const ProtocolError& error) {
    say("error", peer + ": " + error.what());
    say("disconnect", peer + " was dropped: it broke the protocol");
  } catch (const std::exception& error) {  // a reset, most likely: the client is gone as well
    say("disconnect", peer + " was lost: " + error.what());
  }
  client.shut_down_and_drain(kMaxFarewell);
}

void tell_damaged_lines(const TableFile& file) {
  for (const std::size_t number : file.damaged_lines()) {
    say("error", "read " + file.path() + ": line " + std::to_string(number) + " is damaged");
  }
}

[[noreturn]] void serve_clients(const Socket& listener, Accounts& accounts) {
  while (true) {
    try {
      serve_one_client(listener, accounts);
    } catch (const std::system_error& error) {
      // accept() has failed. That may be the client's doing (ECONNABORTED: it gave up before its
      // turn) or a shortage of ours (EMFILE: no descriptor free). Neither is a reason to end, but
      // a shortage would fail at once again and again: the pause keeps this from a busy loop.
      say("error", error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/false);
    open_log();
    on_stop_signal(stop);
    say("start", "lab7_auth");
    Accounts accounts;
    tell_damaged_lines(accounts.users);
    tell_damaged_lines(accounts.sessions.file());
    InputLines input;
    const Socket listener = open_listener_from(arguments.port ? *arguments.port : ask_port(input));
    serve_clients(listener, accounts);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
