#include "udp.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "transcript.hpp"

namespace grade {
namespace {

int bound_socket(const Address& address) {
  const int descriptor = ::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  // What a thousand JOINs bring back is to find room.
  const int room = 4 * 1024 * 1024;
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (descriptor < 0 || ::bind(descriptor, address.data(), address.size()) != 0) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    throw std::system_error(error, std::generic_category(), "bind " + address.text());
  }
  return descriptor;
}

Address sender(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &storage, sizeof ipv4);
    return {ipv4.sin_addr, ntohs(ipv4.sin_port)};
  }
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &storage, sizeof ipv6);
  return {ipv6.sin6_addr, ntohs(ipv6.sin6_port)};
}

}  // namespace

UdpSocket::UdpSocket(const std::string& host, std::uint16_t port)
    : descriptor_(bound_socket(Address(host, port))), address_(Address::local_of(descriptor_)) {}

UdpSocket::~UdpSocket() {
  ::close(descriptor_);
}

void UdpSocket::send(const Address& to, std::string_view bytes) {
  if (noted_) transcript::note(address_.text(), "to " + to.text(), bytes);
  ::sendto(descriptor_, bytes.data(), bytes.size(), 0, to.data(), to.size());
}

std::optional<Datagram> UdpSocket::receive(Clock::duration limit) {
  if (!wait_until([this] { return !arrived_.empty(); }, limit)) return std::nullopt;
  Datagram datagram = std::move(arrived_.front());
  arrived_.pop_front();
  return datagram;
}

void UdpSocket::ready(short /*events*/) {
  std::array<char, 65536> buffer;
  for (int i = 0; i < 64; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    void* const address = &from;
    const ssize_t length = ::recvfrom(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                      static_cast<sockaddr*>(address), &size);
    if (length < 0) return;
    arrived_.push_back(
        {sender(from), std::string(buffer.data(), static_cast<std::size_t>(length))});
    const Datagram& last = arrived_.back();
    if (noted_) transcript::note(address_.text(), "from " + last.from.text(), last.bytes);
  }
}

}  // namespace grade
