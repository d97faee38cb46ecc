#include "shared/socket.hpp"

#include <string.h>  // explicit_bzero
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <string>
#include <system_error>
#include <utility>

namespace {

// recv() and send() name an elapsed SO_RCVTIMEO or SO_SNDTIMEO "Resource temporarily unavailable".
[[noreturn]] void throw_transfer_error(int error, const char* call) {
  const bool timed_out = error == EAGAIN || error == EWOULDBLOCK;
  throw_system_error(timed_out ? ETIMEDOUT : error, call);
}

}  // namespace

void throw_system_error(int error, const char* call, std::string_view subject) {
  std::string what = call;
  if (!subject.empty()) what.append(" ").append(subject);
  throw std::system_error(error, std::generic_category(), what);
}

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);  // what this one owned is closed with `other`
  return *this;
}

Socket::~Socket() {
  // Never repeated, not even after EINTR: the descriptor is free either way, and might by then
  // be somebody else's. See close(2).
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Socket::send_all(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: a peer that has gone is an error here (EPIPE), not a SIGPIPE that kills.
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      throw_transfer_error(errno, "send");
    }
  }
}

std::optional<std::span<const std::byte>> Socket::receive_some(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t received = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (received > 0) return buffer.first(static_cast<std::size_t>(received));
    if (received == 0) return std::nullopt;
    if (errno != EINTR) throw_transfer_error(errno, "recv");
  }
}

bool Socket::receive_exactly(std::span<std::byte> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const auto received = receive_some(buffer.subspan(filled));
    if (!received && filled == 0) return false;
    if (!received) throw ProtocolError("the peer closed in the middle of a message");
    filled += received->size();
  }
  return true;
}

void Socket::set_timeout(std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const std::chrono::microseconds rest = timeout - seconds;
  timeval time{};
  time.tv_sec = static_cast<time_t>(seconds.count());
  time.tv_usec = static_cast<suseconds_t>(rest.count());
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    check("setsockopt", ::setsockopt(descriptor_, SOL_SOCKET, option, &time, sizeof time));
  }
}

void Socket::shut_down_and_drain(std::chrono::milliseconds at_most) noexcept {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  const Clock::time_point end = Clock::now() + at_most;
  std::array<std::byte, 16 * 1024> buffer;
  try {
    check("shutdown", ::shutdown(descriptor_, SHUT_WR));
    for (milliseconds left = at_most; left > milliseconds::zero();
         left = std::chrono::ceil<milliseconds>(end - Clock::now())) {
      set_timeout(left);
      const auto received = receive_some(buffer);
      if (!received) return;
      ::explicit_bzero(buffer.data(), received->size());  // a password, perhaps
    }
  } catch (const std::system_error&) {
    // The peer has reset the connection, or the time is over.
  }
}
