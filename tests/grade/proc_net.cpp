#include "proc_net.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <utility>

#include "address.hpp"
#include "proc.hpp"

namespace grade {
namespace {

constexpr std::array<std::pair<const char*, bool>, 2> kTables{
    {{"/proc/self/net/tcp", false}, {"/proc/self/net/tcp6", true}}};

std::uint32_t hex(const std::string& digits) {
  return static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
}

// "0100007F:2382": each group of 32 bits as this machine's number, the port as a usual one.
Address parse_address(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto port = static_cast<std::uint16_t>(hex(text.substr(colon + 1)));
  if (colon == 8) {
    const in_addr ipv4{hex(text.substr(0, 8))};
    return Address(ipv4, port);
  }
  in6_addr ipv6{};
  for (std::size_t group = 0; group < 4; ++group) {
    ipv6.s6_addr32[group] = hex(text.substr(group * 8, 8));
  }
  return Address(ipv6, port);
}

// The fields are: number, local address, remote address, state, queues, timer, retransmissions,
// user, timeout, inode, and more.
TcpSocket parse_row(const std::string& row, bool is_ipv6) {
  const std::vector<std::string> fields = proc::split(row);
  const Address local = parse_address(fields.at(1));
  return {.local = local.text(),
          .remote = parse_address(fields.at(2)).text(),
          .local_port = local.port(),
          .is_ipv6 = is_ipv6,
          .state = static_cast<int>(hex(fields.at(3))),
          .unread = hex(fields.at(4).substr(9)),
          .inode = fields.at(9)};
}

// Goes through a table as long as `wants_more` returns true. The kernel walks through all its
// connections to make the whole table, which takes milliseconds, but it makes no more of it than
// is read, and the listeners come first: so this reads about a row at a time.
void read_table(const char* path, bool is_ipv6,
                const std::function<bool(const TcpSocket&)>& wants_more) {
  const int table = ::open(path, O_RDONLY | O_CLOEXEC);
  std::array<char, 150> piece{};
  std::string text;
  bool heading = true;
  bool more = true;
  while (more) {
    const ssize_t size = ::read(table, piece.data(), piece.size());
    if (size <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(size));
    std::size_t end = text.find('\n');
    while (more && end != std::string::npos) {
      more = std::exchange(heading, false) || wants_more(parse_row(text.substr(0, end), is_ipv6));
      text.erase(0, end + 1);
      end = text.find('\n');
    }
  }
  ::close(table);
}

std::vector<std::string> socket_inodes(pid_t pid) {
  constexpr std::string_view kSocket = "socket:[";
  std::vector<std::string> inodes;
  for (const pid_t member : proc::family(pid)) {
    for (const std::string& target : proc::descriptors(member)) {
      if (!target.starts_with(kSocket)) continue;
      inodes.push_back(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
    }
  }
  return inodes;
}

}  // namespace

std::vector<TcpSocket> listeners_of(pid_t pid) {
  std::vector<std::string> inodes = socket_inodes(pid);
  std::vector<TcpSocket> listeners;
  for (const auto& [path, is_ipv6] : kTables) {
    if (inodes.empty()) break;
    read_table(path, is_ipv6, [&](const TcpSocket& socket) {
      if (socket.state != TCP_LISTEN) return false;
      if (std::erase(inodes, socket.inode) > 0) listeners.push_back(socket);
      return !inodes.empty();
    });
  }
  return listeners;
}

std::vector<TcpSocket> sockets_of(pid_t pid) {
  std::vector<std::string> inodes = socket_inodes(pid);
  std::vector<TcpSocket> sockets;
  for (const auto& [path, is_ipv6] : kTables) {
    if (inodes.empty()) break;
    read_table(path, is_ipv6, [&](const TcpSocket& socket) {
      if (std::erase(inodes, socket.inode) > 0) sockets.push_back(socket);
      return !inodes.empty();
    });
  }
  return sockets;
}

std::optional<TcpSocket> find_connection(std::string_view local, std::string_view remote) {
  std::optional<TcpSocket> found;
  for (const auto& [path, is_ipv6] : kTables) {
    if (found) break;
    read_table(path, is_ipv6, [&](const TcpSocket& socket) {
      if (socket.local == local && socket.remote == remote) found = socket;
      return !found;
    });
  }
  return found;
}

}  // namespace grade
