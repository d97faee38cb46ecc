// Lab 10, the server: a chat over UDP.
//
//   socket -> bind -> poll, recvfrom, sendto, poll, recvfrom, sendto, ...
//
// No listen, no accept, no connection: one socket for everybody. Whatever a connection would have
// done is done in the headers: who somebody is (cookies.hpp), that nothing is lost, doubled or out
// of order (reliable.hpp), and who is still there (room.hpp).

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "clock.hpp"
#include "datagram.hpp"
#include "endpoint.hpp"
#include "input_lines.hpp"
#include "log.hpp"
#include "prompt.hpp"
#include "room.hpp"
#include "secret_word.hpp"
#include "seldom.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"
#include "stop_signals.hpp"

const std::string_view kProgram = "server";

namespace {

constexpr std::string_view kUsage =
    "usage: server [PORT]\n"
    "Passes on, over UDP, what each member of a chat says to all the others.\n"
    "  PORT        from 1 to 65535; asked for unless given\n"
    "  -h, --help  shows this\n";

// No SO_REUSEADDR: UDP has no TIME_WAIT that one would have to get past, and with it two servers
// could have the same port, where each datagram goes to one of them.
Socket open_socket(std::uint16_t port, int family) {
  Socket socket(check("socket", ::socket(family, SOCK_DGRAM, 0)));

  // One IPv6 socket takes IPv4 datagrams as well, unless it is told not to.
  const int off = 0;
  if (family == AF_INET6) {
    check("setsockopt IPV6_V6ONLY",
          ::setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
  }

  // What arrives while we are sending to a thousand members has to wait somewhere. The system
  // gives as much of it as net.core.rmem_max allows, and does not complain. See socket(7).
  const int room = 4 * 1024 * 1024;
  check("setsockopt SO_RCVBUF",
        ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room));

  const AddressList address = look_up("", port, family);  // every address of this machine
  const std::string where = to_string(address->ai_addr, address->ai_addrlen);
  check("bind to", ::bind(socket.fd(), address->ai_addr, address->ai_addrlen), where);
  say("listen", where + (family == AF_INET6 ? ", IPv6 and IPv4" : ""));
  return socket;
}

Socket open_socket(std::uint16_t port) {
  try {
    return open_socket(port, AF_INET6);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return open_socket(port, AF_INET);  // a machine without IPv6
  }
}

std::optional<Socket> open_socket_unless_busy(unsigned port) {
  try {
    Socket socket = open_socket(static_cast<std::uint16_t>(port));
    write_output(as_bytes("Listening on port " + std::to_string(port) + "\n"));
    return socket;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;  // no permission, say: no port will do
    return std::nullopt;
  }
}

// `wanted` or the next port that is free, counting up; after the last, from the first that needs
// no privilege.
Socket open_socket_from(std::uint16_t wanted) {
  constexpr unsigned kFirstUnprivileged = 1024;
  constexpr unsigned kLast = 65535;
  for (unsigned port = wanted; port <= kLast; ++port) {
    if (auto socket = open_socket_unless_busy(port)) return std::move(*socket);
  }
  for (unsigned port = kFirstUnprivileged; port < wanted; ++port) {
    if (auto socket = open_socket_unless_busy(port)) return std::move(*socket);
  }
  throw std::runtime_error("bind: no port is free from " + std::to_string(wanted) +
                           " up, nor from 1024 to it");
}

// A failure that comes from the network, or from what a peer sent, is no reason to end, and may
// come a thousand times a second. `failures` are those of one call.
void say_seldom(Seldom& failures, const char* call, int error) {
  if (const auto count = failures.count(Clock::now())) {
    say("error", std::string(call) + ": " + std::strerror(error) + " (" + std::to_string(*count) +
                     " failures)");
  }
}

// A datagram that cannot be sent now is one that the network has lost: the room sends it again.
void send_datagram(const Socket& socket, const Endpoint& to, std::string_view datagram) {
  const ssize_t sent = ::sendto(socket.fd(), datagram.data(), datagram.size(), MSG_DONTWAIT,
                                as_sockaddr(to.storage), to.size);
  static Seldom failures;
  if (sent < 0 && errno != EAGAIN) say_seldom(failures, "sendto", errno);
}

// Takes what has arrived, up to a bound: the members have to be told what is due as well.
void receive_datagrams(const Socket& socket, Room& room, Time now) {
  constexpr int kBurst = 256;
  std::array<char, kMaxDatagram + 1> buffer;  // one byte more shows that a datagram is too long
  for (int i = 0; i < kBurst; ++i) {
    Endpoint from;
    const ssize_t size = ::recvfrom(socket.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                    as_sockaddr(from.storage), &from.size);
    if (size < 0) {
      static Seldom failures;
      if (errno != EAGAIN && errno != EINTR) say_seldom(failures, "recvfrom", errno);
      return;
    }
    // An empty datagram is one, too: 0 is not the end here, as nothing ever ends here.
    room.receive(from, {buffer.data(), static_cast<std::size_t>(size)}, now);
  }
}

[[noreturn]] void serve(const Socket& socket) {
  Room room(
      random_values<std::uint64_t, 2>(),
      [&socket](const Endpoint& to, std::string_view datagram) {
        send_datagram(socket, to, datagram);
      },
      say);
  while (true) {
    pollfd waiting = {.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, poll_timeout(room.next_due(), Clock::now())) < 0 && errno != EINTR) {
      throw_system_error(errno, "poll");
    }
    const Time now = Clock::now();
    receive_datagrams(socket, room, now);
    room.tick(now);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/false);
    open_log();
    on_stop_signal(stop);
    say("start", "lab10_udpchat");
    InputLines input;
    serve(open_socket_from(arguments.port ? *arguments.port : ask_port(input)));
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
