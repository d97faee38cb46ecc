// What a person may be called.

#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "shared/utf8.hpp"

constexpr std::size_t kMaxName = 32;  // characters: code points, not bytes

// The name in `answer`, without the spaces around it. Throws std::invalid_argument, which says
// what a name is, if there is no character or more than kMaxName, a control character (a tab or
// a newline would make two entries of one in the file), or no UTF-8.
inline std::string parse_name(std::string_view answer) {
  const std::string_view name = trimmed(answer);
  std::size_t characters = 0;
  for (std::string_view rest = name; !rest.empty(); ++characters) {
    const std::optional<char32_t> code_point = take_code_point(rest);
    if (!code_point) throw std::invalid_argument("A name is text in UTF-8.");
    if (is_control(*code_point)) throw std::invalid_argument("A name has no control characters.");
  }
  if (characters == 0 || characters > kMaxName) {
    throw std::invalid_argument("A name has 1 to " + std::to_string(kMaxName) + " characters.");
  }
  return std::string(name);
}

// True if `text` is a name as parse_name returns it.
inline bool is_name(std::string_view text) {
  try {
    return parse_name(text) == text;
  } catch (const std::invalid_argument&) {
    return false;
  }
}
