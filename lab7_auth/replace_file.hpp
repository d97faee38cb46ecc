// Files that are read whole and replaced whole, so that a crash at any moment, even of the
// machine, leaves either the old content or the new one.

#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "shared/socket.hpp"

// Owns a file's descriptor, as Socket owns a socket's.
class File {
 public:
  // See open(2). Throws std::system_error.
  File(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(check("open", ::open(path.c_str(), flags | O_CLOEXEC, mode), path)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }

  int fd() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

// The content of a file; empty if there is none. Throws std::system_error if it cannot be read,
// std::runtime_error if it is longer than `limit` bytes.
inline std::string read_file(const std::string& path, std::size_t limit) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return "";
  const File file(path, O_RDONLY | O_NONBLOCK);  // a FIFO of that name must not block us
  std::string content;
  std::array<char, 64 * 1024> part;
  while (const auto size = static_cast<std::size_t>(
             check("read", ::read(file.fd(), part.data(), part.size()), path))) {
    content.append(part.data(), size);
    if (content.size() > limit) {
      throw std::runtime_error("read " + path + ": it is longer than " + std::to_string(limit) +
                               " bytes");
    }
  }
  return content;
}

// Writes to the file's end, and waits until the disk has it.
inline void write_durably(const File& file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written =
        check("write", ::write(file.fd(), content.data(), content.size()), path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  check("fsync", ::fsync(file.fd()), path);
}

// Gives the file in the working directory a new content, which only its owner may read. Throws
// std::system_error; the file is then as it was, unless what failed was the very last step.
inline void replace_file(const std::string& path, std::string_view content) {
  // rename() asks whether the folder may be written, not whether the file may.
  if (::access(path.c_str(), W_OK) != 0 && errno != ENOENT) {
    throw_system_error(errno, "write", path);
  }
  const File folder(".", O_RDONLY | O_DIRECTORY);  // opened while nothing has changed yet
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());  // left by a crash; so the mode below is that of a new file
  try {
    const File file(beside, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    write_durably(file, content, beside);
    check("rename to", ::rename(beside.c_str(), path.c_str()), path);
  } catch (const std::system_error&) {
    ::unlink(beside.c_str());
    throw;
  }
  // The name is in the folder, and the folder is on the disk too.
  check("fsync the folder of", ::fsync(folder.fd()), path);
}
