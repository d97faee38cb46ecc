// Lab 1, the server: the life of a TCP connection, from top to bottom.
//
//   socket -> bind -> listen -> accept -> recv, send, recv, send, ... -> close
//
// It takes one client, returns every byte that comes, and ends when the client has gone. Later labs
// lift its limits: one client and no more (lab 2), IPv4 alone (lab 3), one at a time (lab 9).

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

#include "address.hpp"
#include "arguments.hpp"
#include "say.hpp"
#include "shared/socket.hpp"
#include "stop_signals.hpp"

const std::string_view kProgram = "server";

namespace {

constexpr std::uint16_t kDefaultPort = 9090;
constexpr std::size_t kPortion = 1024;  // bytes that one recv() takes at most

constexpr std::string_view kUsage =
    "usage: server [PORT]\n"
    "Returns every byte that a client sends, and ends when the client has gone.\n"
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

// Returns every portion as it came, whatever its bytes are, until the client closes.
void echo(Socket& client, const std::string& peer) {
  std::array<std::byte, kPortion> portion;
  while (const auto received = client.receive_some(portion)) {
    say("receive", bytes(received->size()) + " from " + peer);
    client.send_all(*received);
    say("send", bytes(received->size()) + " to " + peer);
  }
}

void serve_one_client(const Socket& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  Socket client(check("accept", ::accept(listener.fd(), as_sockaddr(address), &size)));
  const std::string peer = to_string(address);
  say("connect", peer);
  try {
    send_without_delay(client);
    echo(client, peer);
    say("disconnect", peer + " closed the connection");
  } catch (const std::system_error& error) {  // a reset, most likely: the client is gone as well
    say("disconnect", peer + " was lost: " + error.what());
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/false);
    on_stop_signal(stop);
    say("start", "lab1_echo");
    const Socket listener = open_listener(arguments.port.value_or(kDefaultPort));
    serve_one_client(listener);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  stop("the client has left");
}
