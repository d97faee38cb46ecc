// An IPv4 address and a port, as the system wants them and as people write them.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "shared/utf8.hpp"

// bind(), accept() and connect() take addresses of every family through a pointer to `sockaddr`,
// which is only the part that all have in common. The cast is what the interface asks for.
template <typename Address>
sockaddr* as_sockaddr(Address& address) noexcept {
  return reinterpret_cast<sockaddr*>(&address);
}
template <typename Address>
const sockaddr* as_sockaddr(const Address& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

// `host` as four numbers with dots, like 127.0.0.1; `port` from 1 to 65535.
// Throws std::invalid_argument for any other host: names are looked up from lab 3 on.
inline sockaddr_in make_address(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);  // in network byte order: the high byte first
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("host " + in_quotes(host) +
                                " is not an IPv4 address, like 127.0.0.1");
  }
  return address;
}

// "127.0.0.1:9090"
inline std::string to_string(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> host{};
  ::inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size());
  return host.data() + (":" + std::to_string(ntohs(address.sin_port)));
}
