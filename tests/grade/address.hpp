// An address and a port, IPv4 or IPv6, as the system wants it and as people write it.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace grade {

class Address {
 public:
  Address() = default;
  Address(in_addr ipv4, std::uint16_t port);
  Address(in6_addr ipv6, std::uint16_t port);
  // `host` in figures: "127.0.0.1", "::1".
  Address(const std::string& host, std::uint16_t port);

  // What a socket is bound or connected to.
  static Address local_of(int descriptor);
  static Address remote_of(int descriptor);

  const sockaddr* data() const;
  socklen_t size() const;
  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;

  // "127.0.0.1:9090", "[::1]:9090"; an IPv4-mapped address is written as IPv4.
  std::string text() const;

 private:
  sockaddr_storage storage_{};
};

}  // namespace grade
