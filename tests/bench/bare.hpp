// What the bare loops have in common: the system calls alone, as in C, and the service messages of
// the labs. They are the limit that a lab is measured against: what is wrong with a peer or with
// the machine ends them.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline int open_listener(const char* port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) fail("socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtol(port, nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind");
  if (::listen(listener, SOMAXCONN) < 0) fail("listen");
  return listener;
}

struct Client {
  int descriptor;
  char name[32];  // "127.0.0.1:50000"
};

inline Client accept_client(int listener, bool delayed = false) {
  Client client{};
  sockaddr_in address{};
  socklen_t size = sizeof address;
  client.descriptor = ::accept(listener, reinterpret_cast<sockaddr*>(&address), &size);
  if (client.descriptor < 0) fail("accept");
  const int on = 1;
  if (!delayed) ::setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::snprintf(client.name, sizeof client.name, "%s:%d", ::inet_ntoa(address.sin_addr),
                ntohs(address.sin_port));
  return client;
}

inline bool send_all(int descriptor, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(descriptor, bytes, size, MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// "2026-11-22T13:02:11.123+03:00 ", into `text`; its length.
inline std::size_t timestamp(char* text, std::size_t room) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  ::localtime_r(&now.tv_sec, &local);
  char zone[8];
  std::strftime(zone, sizeof zone, "%z", &local);
  std::size_t size = std::strftime(text, room, "%FT%T", &local);
  size += static_cast<std::size_t>(std::snprintf(text + size, room - size, ".%03ld%.3s:%s ",
                                                 now.tv_nsec / 1'000'000, zone, zone + 3));
  return size;
}

// "[server] receive: 16 bytes from 127.0.0.1:50000", in one write(), if asked for with its time.
inline void say(int log, bool with_time, const char* event, std::size_t count, const char* way,
                const Client& client) {
  char line[160];
  std::size_t size = with_time ? timestamp(line, sizeof line) : 0;
  size += static_cast<std::size_t>(std::snprintf(line + size, sizeof line - size,
                                                 "[server] %s: %zu bytes %s %s\n", event, count,
                                                 way, client.name));
  if (::write(log, line, size) < 0) fail("write");
}
