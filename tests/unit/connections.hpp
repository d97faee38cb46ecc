// Two ends of one connection, and what can happen to them.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "shared/socket.hpp"

struct Connection {
  Socket ours;
  Socket theirs;
};

// Within the machine's memory. With SOCK_SEQPACKET each recv() takes what one send() sent.
inline Connection local_connection(int type = SOCK_STREAM) {
  std::array<int, 2> ends{};
  check("socketpair", ::socketpair(AF_UNIX, type, 0, ends.data()));
  return {Socket(ends[0]), Socket(ends[1])};
}

// Over TCP, on loopback, with a port that the system gives.
inline Connection tcp_connection() {
  const Socket listener(check("socket", ::socket(AF_INET, SOCK_STREAM, 0)));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  check("bind", ::bind(listener.fd(), generic, size));
  check("listen", ::listen(listener.fd(), 1));
  check("getsockname", ::getsockname(listener.fd(), generic, &size));
  Socket client(check("socket", ::socket(AF_INET, SOCK_STREAM, 0)));
  check("connect", ::connect(client.fd(), generic, size));
  return {std::move(client), Socket(check("accept", ::accept(listener.fd(), nullptr, nullptr)))};
}

// For TEST_CASE_FIXTURE: `ours` and `theirs` are there when the test begins.
struct Local : Connection {
  Local() : Connection(local_connection()) {}
};
struct OverTcp : Connection {
  OverTcp() : Connection(tcp_connection()) {}
};

inline void close(Socket socket) {
  const Socket closed_here(std::move(socket));
}

// Closes with RST instead of FIN. See SO_LINGER in socket(7).
inline void reset(Socket socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  check("setsockopt", ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

// No more will be sent; the other direction stays as it is.
inline void finish_sending(const Socket& socket) {
  check("shutdown", ::shutdown(socket.fd(), SHUT_WR));
}

inline void set_buffer(const Socket& socket, int option, int size) {
  check("setsockopt", ::setsockopt(socket.fd(), SOL_SOCKET, option, &size, sizeof size));
}

// What one recv() brings, which is what one send() sent, through a SOCK_SEQPACKET connection.
inline std::string receive_packet(Socket& socket) {
  std::array<std::byte, 4096> buffer{};
  const auto received = socket.receive_some(buffer);
  return received ? std::string(as_text(*received)) : "";
}

inline std::string receive_until_end(Socket& socket) {
  std::string all;
  std::array<std::byte, 64 * 1024> buffer;
  while (const auto received = socket.receive_some(buffer)) all.append(as_text(*received));
  return all;
}

// Bytes of which none can be lost, doubled or moved without a trace.
inline std::string bytes_in_order(std::size_t size) {
  std::string bytes(size, '\0');
  unsigned state = 1;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

// The errno of the std::system_error that `action` throws; 0 if it throws none.
template <typename Action>
int error_of(Action action) {
  try {
    action();
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}
