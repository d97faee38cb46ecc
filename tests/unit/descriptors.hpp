// Descriptors for the tests: pipes, files in memory, and standard streams that lead to them for
// a while. All of it is the system's own; nothing is mocked.

#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "shared/socket.hpp"

// Owns one descriptor, of whatever kind.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(check("descriptor", number)) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const noexcept { return number_; }
  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

inline Pipe make_pipe() {
  std::array<int, 2> ends{};
  check("pipe2", ::pipe2(ends.data(), O_CLOEXEC));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

inline void write_all(const Descriptor& to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = check("write", ::write(to.number(), text.data(), text.size()));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// A file without a name that holds `content`, to be read from its start.
inline Descriptor memory_file(std::string_view content = {}) {
  Descriptor file(::memfd_create("test", MFD_CLOEXEC));
  write_all(file, content);
  check("lseek", ::lseek(file.number(), 0, SEEK_SET));
  return file;
}

// All of the file, wherever it is being read or written.
inline std::string content_of(const Descriptor& file) {
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t size = check("pread", ::pread(file.number(), part.data(), part.size(),
                                                static_cast<off_t>(content.size())));
    if (size == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(size));
  }
}

// As long as this lives, standard input, output or error leads to where `target` does.
class Redirected {
 public:
  Redirected(int stream, const Descriptor& target)
      : stream_(stream), original_(::fcntl(stream, F_DUPFD_CLOEXEC, 3)) {
    check("dup2", ::dup2(target.number(), stream));
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() { ::dup2(original_.number(), stream_); }

 private:
  int stream_;
  Descriptor original_;
};

// What `action` writes to standard output or error.
template <typename Action>
std::string written_to(int stream, Action action) {
  const Descriptor file = memory_file();
  {
    const Redirected redirected(stream, file);
    action();
  }
  return content_of(file);
}

// How many times this thread has called write() and its relatives. See proc_pid_io(5).
inline unsigned long count_writes() {
  const std::string counters =
      content_of(Descriptor(::open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)));
  constexpr std::string_view kName = "syscw: ";
  return std::stoul(counters.substr(counters.find(kName) + kName.size()));
}

inline bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}
