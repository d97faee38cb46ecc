// What the kernel's own tables say of TCP sockets: /proc/net/tcp and tcp6. They tell whether a
// program listens without connecting to it, and whether it has read what was sent to it.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grade {

struct TcpSocket {
  std::string local;  // "127.0.0.1:9090", "[::]:9090"; an IPv4-mapped address as IPv4
  std::string remote;
  std::uint16_t local_port;
  bool is_ipv6;        // of tcp6: a listener on [::] may take IPv4 as well
  int state;           // TCP_LISTEN, TCP_TIME_WAIT, ...: see netinet/tcp.h
  std::size_t unread;  // bytes that have come and the program has not taken
  std::string inode;
};

// What a program (or one that it started) listens on.
std::vector<TcpSocket> listeners_of(pid_t pid);

// Every socket of a program's, and the connections that wait in its listeners' queues are not among
// them: those are nobody's yet.
std::vector<TcpSocket> sockets_of(pid_t pid);

// One end of a connection; std::nullopt once it is gone.
std::optional<TcpSocket> find_connection(std::string_view local, std::string_view remote);

}  // namespace grade
