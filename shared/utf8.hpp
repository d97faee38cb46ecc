// UTF-8 (RFC 3629): what a character is in a string of bytes, and what may be shown of a string
// that somebody else wrote.

#pragma once

#include <optional>
#include <string>
#include <string_view>

// Takes the first code point off the front of `text`, which is not empty. std::nullopt, with
// `text` as it was, if it does not begin with one: a stray or missing continuation byte, an
// overlong form, a surrogate, more than U+10FFFF.
std::optional<char32_t> take_code_point(std::string_view& text) noexcept;

// True if all of `text` is code points; the empty string is.
bool is_utf8(std::string_view text) noexcept;

// U+0000-001F, U+007F-009F: the general category Cc of Unicode.
constexpr bool is_control(char32_t code_point) noexcept {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

// `text` with each byte of a control character, and each byte that is no UTF-8, as \xNN: it can
// neither end a line of a log nor command a terminal.
std::string printable(std::string_view text);

// `text` in double quotes, printable, and cut after 64 characters: fit for an error message,
// whatever somebody has typed.
std::string in_quotes(std::string_view text);

// `text` without the spaces (U+0020) around it.
std::string_view trimmed(std::string_view text) noexcept;
