// What the loads have in common. A load is a client that measures a server, and prints a line
// "NAME<TAB>VALUE" for each figure. None waits for ever: a socket's calls end after a minute.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "shared/socket.hpp"

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;
using Seconds = std::chrono::duration<double>;

inline void report(const std::string& name, double value) {
  std::printf("%s\t%.6g\n", name.c_str(), value);
}

inline sockaddr_in local_address(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline Socket connect_to(const std::string& port, int type = SOCK_STREAM) {
  Socket socket(check("socket", ::socket(AF_INET, type, 0)));
  const sockaddr_in address = local_address(port);
  check("connect",
        ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  socket.set_timeout(std::chrono::minutes(1));
  return socket;
}

// The value below which `share` of all are; `values` are sorted by it.
inline double quantile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * share)];
}

// How long the answer to `message`, which is the same bytes again, takes: in us, one value for each
// time that it was asked within `time`, and three at least.
inline std::vector<double> round_trips(Socket& socket, std::string_view message,
                                       std::chrono::milliseconds time) {
  std::vector<std::byte> answer(message.size());
  std::vector<double> taken;
  const auto end = Clock::now() + time;
  while (Clock::now() < end || taken.size() < 3) {
    const auto begin = Clock::now();
    socket.send_all(as_bytes(message));
    if (!socket.receive_exactly(answer)) throw ProtocolError("closed at a round trip");
    taken.push_back(Microseconds(Clock::now() - begin).count());
  }
  return taken;
}

inline void report_round_trips(Socket& socket, const std::string& name, std::string_view message,
                               std::chrono::milliseconds time) {
  std::vector<double> taken = round_trips(socket, message, time);
  report(name + " p50", quantile(taken, 0.5));
  report(name + " p99", quantile(taken, 0.99));
}

// Sends `chunk` again and again for `time`, reads all of it back, and closes: bytes a second. Not
// much can be on its way, so that it ends soon where the server is slow.
inline double stream(Socket& socket, const std::string& chunk, std::chrono::milliseconds time) {
  const int room = 128 * 1024;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  const auto begin = Clock::now();
  std::jthread sender([&] {
    try {
      do {
        socket.send_all(as_bytes(chunk));
      } while (Clock::now() < begin + time);
      ::shutdown(socket.fd(), SHUT_WR);
    } catch (const std::system_error&) {
      // What the matter is, recv() says as well.
    }
  });
  std::vector<std::byte> buffer(64 * 1024);
  double received = 0;
  auto last = begin;
  while (const auto part = socket.receive_some(buffer)) {
    received += static_cast<double>(part->size());
    last = Clock::now();  // some servers take their time to close
  }
  return received / Seconds(last - begin).count();
}

// What a program is given: each of its functions is one load.
template <typename Run>
int run_load(int argc, char* argv[], Run run) {
  try {
    run(std::vector<std::string>(argv + 1, argv + argc));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
