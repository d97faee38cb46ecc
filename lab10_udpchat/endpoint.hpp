// Endpoint: an address and a port of either family, as recvfrom() says who has sent a datagram, and
// as sendto() wants to know where one is to go.

#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "address.hpp"
#include "shared/socket.hpp"

struct Endpoint {
  sockaddr_storage storage{};  // has room for either family
  socklen_t size = sizeof storage;

  // The same for the same address and port, and different for any other.
  std::string_view bytes() const noexcept {
    return as_text(std::as_bytes(std::span(&storage, 1)).first(size));
  }
  bool operator==(const Endpoint& other) const noexcept { return bytes() == other.bytes(); }
};

inline Endpoint make_endpoint(const sockaddr* address, socklen_t size) {
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, address, size);
  endpoint.size = size;
  return endpoint;
}

// "127.0.0.1:9090" or "[::1]:9090"
inline std::string to_string(const Endpoint& endpoint) {
  return to_string(as_sockaddr(endpoint.storage), endpoint.size);
}

template <>
struct std::hash<Endpoint> {
  std::size_t operator()(const Endpoint& endpoint) const noexcept {
    return std::hash<std::string_view>()(endpoint.bytes());
  }
};
