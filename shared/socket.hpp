// Socket: owns one socket descriptor, and does right what most examples do wrong: it sends all
// of what it is given, receives in spite of EINTR, and closes exactly once.
//
// What makes a socket a server's or a client's (socket, bind, listen, accept, connect) is not
// here: the labs call these by their own names.

#pragma once

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

// Throws std::system_error whose text is "CALL SUBJECT: the system's words for `error`".
[[noreturn]] void throw_system_error(int error, const char* call, std::string_view subject = {});

// Passes on what a system call returned; a negative result becomes a std::system_error:
//
//   check("bind to", ::bind(...), "0.0.0.0:9090")   "bind to 0.0.0.0:9090: Address already in use"
//
// `subject` has to be a finished string: building one in the argument list might change errno.
template <std::signed_integral Result>
Result check(const char* call, Result result, std::string_view subject = {}) {
  if (result < 0) throw_system_error(errno, call, subject);
  return result;
}

// The peer sent something that the protocol does not allow.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The same memory, seen as bytes or as text. Nothing is copied.
std::span<const std::byte> as_bytes(std::string_view text) noexcept;
std::string_view as_text(std::span<const std::byte> bytes) noexcept;

class Socket {
 public:
  // Takes over `descriptor`, which is closed when the Socket ends.
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int fd() const noexcept { return descriptor_; }

  // Sends every byte, in as many send() calls as it takes: one call may take only a part.
  // Throws std::system_error: EPIPE or ECONNRESET if the peer is gone, ETIMEDOUT if nothing could
  // be sent in set_timeout's time (a call that has sent a part waits as long, and then once more).
  // See send(2).
  void send_all(std::span<const std::byte> bytes);

  // Waits for one or more bytes and takes what is there, into `buffer` (which is not empty):
  // the filled part of it, or std::nullopt when the peer has closed and all has been read.
  // Throws std::system_error: ECONNRESET after a reset, ETIMEDOUT as above. See recv(2).
  std::optional<std::span<const std::byte>> receive_some(std::span<std::byte> buffer);

  // Fills the whole buffer, in as many recv() calls as it takes. False if the peer has closed
  // before the first byte. Throws ProtocolError if it closed in the middle, and what
  // receive_some throws.
  bool receive_exactly(std::span<std::byte> buffer);

  // How long a single recv() or send() may wait for the peer; 0, the default, is for ever.
  // See SO_RCVTIMEO in socket(7).
  void set_timeout(std::chrono::milliseconds timeout);

  // The last thing before the close, for who closes first: tells the peer that this was all (FIN),
  // then throws away what it still sends, until it closes as well or `at_most` is over. close()
  // alone would not do: to bytes that nobody has read the system answers with a RST (RFC 1122,
  // 4.2.2.13), and a RST may cost the peer what it was sent and has not read yet (RFC 9112, 9.6;
  // nginx calls the cure lingering_close). A connection that is lost by now is no error.
  void shut_down_and_drain(std::chrono::milliseconds at_most) noexcept;

 private:
  int descriptor_;  // -1: moved from
};
