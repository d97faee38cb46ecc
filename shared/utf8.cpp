#include "shared/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace {

// The number of bytes of a code point that begins with `first`, which is not ASCII; 0 if none does.
std::size_t length_from_first_byte(unsigned char first) noexcept {
  if (first < 0xC2) return 0;  // a continuation byte, or the overlong C0 and C1
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

// How many bytes at the front of `text` are printable ASCII. That is most text, whole, and it need
// not be taken apart.
std::size_t plain_length(std::string_view text) noexcept {
  const auto is_plain = [](char c) {
    return c >= ' ' && c <= '~';
  };
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append("\\x");
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 0xF]);
  }
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {  // ASCII, as most of what there is: it need not pay for the rest
    text.remove_prefix(1);
    return first;
  }
  const std::size_t length = length_from_first_byte(first);
  if (length == 0 || length > text.size()) return std::nullopt;

  constexpr std::array<unsigned char, 5> kFirstByteMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code_point = first & kFirstByteMask[length];
  for (const char c : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) return std::nullopt;
    code_point = code_point << 6 | (byte & 0x3FU);
  }

  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
  if (code_point < kSmallest[length] || surrogate || code_point > 0x10FFFF) return std::nullopt;
  text.remove_prefix(length);
  return code_point;
}

bool is_utf8(std::string_view text) noexcept {
  while (true) {
    text.remove_prefix(plain_length(text));
    if (text.empty()) return true;
    if (!take_code_point(text)) return false;
  }
}

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, plain_length(text)));
  text.remove_prefix(shown.size());
  while (!text.empty()) {
    std::string_view rest = text;
    const auto code_point = take_code_point(rest);
    const std::size_t length = code_point ? text.size() - rest.size() : 1;
    if (code_point && !is_control(*code_point)) {
      shown.append(text.substr(0, length));
    } else {
      append_escaped(shown, text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return shown;
}

std::string in_quotes(std::string_view text) {
  std::string_view rest = text;
  for (int characters = 0; characters < 64 && !rest.empty(); ++characters) {
    if (!take_code_point(rest)) rest.remove_prefix(1);
  }
  const std::string_view shown = text.substr(0, text.size() - rest.size());
  return "\"" + printable(shown) + (rest.empty() ? "\"" : "...\"");
}

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}
