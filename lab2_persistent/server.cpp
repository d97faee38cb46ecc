// Lab 2, the server: one listener, many connections, one after another.
//
// TCP has no messages, so LineSocket cuts lines out of the stream. The line "exit" ends a
// conversation; nothing that a client does ends the server. Other clients still have to wait
// until the one before them has gone: lab 9 changes that.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "line_socket.hpp"
#include "say.hpp"
#include "shared/socket.hpp"
#include "stop_signals.hpp"

const std::string_view kProgram = "server";

namespace {

constexpr std::uint16_t kDefaultPort = 9090;
constexpr std::size_t kMaxLine = 65'536;  // bytes, the end of the line not counted
constexpr std::chrono::minutes kMaxSilence{5};
constexpr std::chrono::seconds kMaxFarewell{1};  // for a client to close after us

constexpr std::string_view kUsage =
    "usage: server [PORT]\n"
    "Returns every line that a client sends, for one client after another.\n"
    "  PORT        from 1 to 65535; 9090 unless given\n"
    "  -h, --help  shows this\n";

Socket open_listener(std::uint16_t port) {
  Socket listener(check("socket", ::socket(AF_INET, SOCK_STREAM, 0)));

  // Without this, bind() fails for a minute after a restart, while the system still keeps the
  // old connections in TIME_WAIT.
  const int on = 1;
  check("setsockopt SO_REUSEADDR",
        ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));

  const sockaddr_in address = make_address("0.0.0.0", port);  // every IPv4 address of this machine
  const std::string where = to_string(address);
  check("bind to", ::bind(listener.fd(), as_sockaddr(address), sizeof address), where);
  check("listen on", ::listen(listener.fd(), SOMAXCONN), where);
  say("listen", where);
  return listener;
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

// Returns every line, until there are no more. The result says why.
std::string echo(LineSocket& client, const std::string& peer) {
  while (const auto message = client.receive_message()) {
    const std::string_view line = without_carriage_return(*message);
    if (line == "exit") return "said exit";
    send_message(client, peer, line);
  }
  return "closed the connection";
}

void serve_one_client(const Socket& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  Socket connected(check("accept", ::accept(listener.fd(), as_sockaddr(address), &size)));
  const std::string peer = to_string(address);
  say("connect", peer);
  LineSocket client(std::move(connected), kMaxLine,
                    [&peer](std::size_t count) { say("receive", bytes(count) + " from " + peer); });
  try {
    send_without_delay(client);
    client.set_timeout(kMaxSilence);
    const std::string reason = echo(client, peer);
    say("disconnect", peer + " " + reason);
  } catch (const ProtocolError& error) {
    say("error", peer + ": " + error.what());
    say("disconnect", peer + " was dropped: it broke the protocol");
  } catch (const std::exception& error) {  // a reset, most likely: the client is gone as well
    say("disconnect", peer + " was lost: " + error.what());
  }
  client.shut_down_and_drain(kMaxFarewell);
}

[[noreturn]] void serve_clients(const Socket& listener) {
  while (true) {
    try {
      serve_one_client(listener);
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
    on_stop_signal(stop);
    say("start", "lab2_persistent");
    const Socket listener = open_listener(arguments.port.value_or(kDefaultPort));
    serve_clients(listener);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
