// The client's session: the file session.token in the working directory, which nobody else can
// read from the moment it exists.

#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "replace_file.hpp"
#include "secret.hpp"
#include "shared/utf8.hpp"

constexpr const char* kTokenFile = "session.token";
constexpr std::size_t kMaxToken = 1024;  // bytes

inline bool is_token(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return !text.empty() && text.size() <= kMaxToken &&
         text.find_first_not_of(kDigits) == std::string_view::npos;
}

// The token of the last login, or an empty text if there is none. Throws what read_file throws.
inline Secret read_token() {
  std::string text = read_file(kTokenFile, kMaxToken + 1);
  if (text.ends_with('\n')) text.pop_back();
  if (!is_token(text)) wipe(text);
  return Secret(std::move(text));
}

// Throws what replace_file throws.
inline void write_token(std::string_view token) {
  replace_file(kTokenFile, token);
}

inline void delete_token() noexcept {
  ::unlink(kTokenFile);
}
