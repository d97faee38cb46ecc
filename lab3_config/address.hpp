// Addresses of both families, IPv4 and IPv6, as the system wants them and as people write them.

#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

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

// What getaddrinfo() has found: a list, linked by ai_next. At least one address is in it.
struct FreeAddressList {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddressList>;

// Fills in a list; an empty host stands for "every address of this machine" (AI_PASSIVE).
// Throws std::invalid_argument if the host is no address and no name that resolves.
inline AddressList look_up(const std::string& host, std::uint16_t port, int family) {
  addrinfo hints{};
  hints.ai_family = family;         // AF_INET, AF_INET6, or AF_UNSPEC for both
  hints.ai_socktype = SOCK_STREAM;  // each address once, not for UDP again
  hints.ai_flags = AI_NUMERICSERV | (host.empty() ? AI_PASSIVE : 0);
  const char* const node = host.empty() ? nullptr : host.c_str();
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(node, std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    const char* const reason = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
    throw std::invalid_argument("host " + in_quotes(host) + ": " + reason);
  }
  return AddressList(list);
}

// Every address of `host`: an IPv4 or IPv6 address, or a name. Throws std::invalid_argument.
inline AddressList resolve(const std::string& host, std::uint16_t port) {
  // The system's functions would stop reading at a NUL, and see another name than we do.
  if (host.empty() || host.find('\0') != std::string::npos) {
    throw std::invalid_argument("host " + in_quotes(host) + ": Name or service not known");
  }
  return look_up(host, port, AF_UNSPEC);
}

// The host as digits, without the port. An IPv4 client of an IPv6 socket appears there as
// ::ffff:127.0.0.1 (an IPv4-mapped address, RFC 4291); it is written as what it is, 127.0.0.1.
inline std::string host_of(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> digits{};
  ::getnameinfo(address, size, digits.data(), digits.size(), nullptr, 0, NI_NUMERICHOST);
  std::string host = digits.data();
  constexpr std::string_view kMapped = "::ffff:";
  const bool mapped = host.starts_with(kMapped) && host.find('.') != std::string::npos;
  return mapped ? host.substr(kMapped.size()) : host;
}

// "127.0.0.1:9090" or "[::1]:9090"
inline std::string to_string(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXSERV> port{};
  ::getnameinfo(address, size, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV);
  const std::string host = host_of(address, size);
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]:" : host + ":") + port.data();
}
