// The client's session: the file session.token in the working directory, which nobody else can
// read from the moment it exists.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "replace_file.hpp"
#include "secret.hpp"
#include "shared/socket.hpp"

constexpr const char* kTokenFile = "session.token";
constexpr std::size_t kMaxToken = 1024;  // bytes

inline bool is_token(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return !text.empty() && text.size() <= kMaxToken &&
         text.find_first_not_of(kDigits) == std::string_view::npos;
}

// The token of the last login, or an empty text if there is none. Throws std::system_error if
// the file cannot be read.
inline Secret read_token() {
  if (::access(kTokenFile, F_OK) != 0 && errno == ENOENT) return Secret();
  const File file(kTokenFile, O_RDONLY | O_NONBLOCK);
  std::array<char, kMaxToken + 2> bytes;  // one more than a token and its newline have
  const ssize_t size = check("read", ::read(file.fd(), bytes.data(), bytes.size()), kTokenFile);
  std::string text(bytes.data(), static_cast<std::size_t>(size));
  wipe(std::as_writable_bytes(std::span(bytes)));
  if (text.ends_with('\n')) text.pop_back();
  if (!is_token(text)) wipe(text);
  return Secret(std::move(text));
}

// Throws what replace_file throws.
inline void write_token(std::string_view token) {
  replace_file(kTokenFile, token);
}

// Throws std::system_error if there is one and it stays.
inline void delete_token() {
  if (::unlink(kTokenFile) != 0 && errno != ENOENT) throw_system_error(errno, "unlink", kTokenFile);
}
