// Standard input, output and error as plain bytes: read() and write(), with nothing held back
// in between, so that what is said is out at once, in a pipe as on a terminal. No signal interrupts
// these calls (EINTR): none has a handler here that returns. See signal(7).

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

#include "shared/socket.hpp"

// The filled part of `buffer`, as soon as there is something, or std::nullopt at the end of the
// input. Throws std::system_error.
inline std::optional<std::span<const std::byte>> read_input(std::span<std::byte> buffer) {
  const auto size = static_cast<std::size_t>(
      check("read standard input", ::read(STDIN_FILENO, buffer.data(), buffer.size())));
  if (size == 0) return std::nullopt;
  return buffer.first(size);
}

// Throws std::system_error if the bytes cannot all be written, as on a full disk.
inline void write_output(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        check("write standard output", ::write(STDOUT_FILENO, bytes.data(), bytes.size()));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

// Tells a person, on standard error, in one write(), so that the lines of several programs on one
// terminal do not mix. If it cannot be written there is nobody to tell, and the work goes on.
inline void tell(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

// To be called first of all.
inline void prepare_standard_streams() {
  // A program may be started with one of these descriptors closed, and the next socket would get
  // its number. /dev/null in its place is at its end when read, and an error when written.
  int descriptor = 0;
  while ((descriptor = ::open("/dev/null", O_RDONLY)) <= STDERR_FILENO && descriptor >= 0) {
  }
  if (descriptor > STDERR_FILENO) ::close(descriptor);

  // Output that cannot be written is an error that can be told. Without this, a pipe that nobody
  // reads (SIGPIPE) or a file at its size limit (SIGXFSZ) ends the program without a word.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// Ends the program, successfully, in a little less than a second, whatever else it waits for then.
inline void end_within_a_second() {
  std::signal(SIGALRM, [](int) { std::_Exit(EXIT_SUCCESS); });
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  ::ualarm(800'000, 0);  // us
}
