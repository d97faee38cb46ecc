#include "address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace grade {
namespace {

template <typename Specific>
Specific as(const sockaddr_storage& storage) {
  Specific address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

template <typename Specific>
void store(sockaddr_storage& storage, const Specific& address) {
  std::memcpy(&storage, &address, sizeof address);
}

}  // namespace

Address::Address(in_addr ipv4, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = ipv4;
  store(storage_, address);
}

Address::Address(in6_addr ipv6, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = ipv6;
  store(storage_, address);
}

Address::Address(const std::string& host, std::uint16_t port) {
  in_addr ipv4{};
  in6_addr ipv6{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    *this = Address(ipv4, port);
  } else if (::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) {
    *this = Address(ipv6, port);
  } else {
    throw std::invalid_argument(host + " is no address");
  }
}

Address Address::local_of(int descriptor) {
  Address address;
  socklen_t size = sizeof address.storage_;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage_), &size);
  return address;
}

Address Address::remote_of(int descriptor) {
  Address address;
  socklen_t size = sizeof address.storage_;
  ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address.storage_), &size);
  return address;
}

const sockaddr* Address::data() const {
  return reinterpret_cast<const sockaddr*>(&storage_);
}

socklen_t Address::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::uint16_t Address::port() const {
  return ntohs(family() == AF_INET ? as<sockaddr_in>(storage_).sin_port
                                   : as<sockaddr_in6>(storage_).sin6_port);
}

std::string Address::text() const {
  const std::string port_text = ":" + std::to_string(port());
  std::array<char, INET6_ADDRSTRLEN> host{};
  const auto ipv6 = as<sockaddr_in6>(storage_).sin6_addr;
  if (family() == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&ipv6)) {
    ::inet_ntop(AF_INET6, &ipv6, host.data(), host.size());
    return "[" + std::string(host.data()) + "]" + port_text;
  }
  const in_addr mapped{ipv6.s6_addr32[3]};
  const in_addr ipv4 = family() == AF_INET6 ? mapped : as<sockaddr_in>(storage_).sin_addr;
  ::inet_ntop(AF_INET, &ipv4, host.data(), host.size());
  return host.data() + port_text;
}

}  // namespace grade
