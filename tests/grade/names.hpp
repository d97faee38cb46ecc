// Names that a person may have, and what is none.

#pragma once

#include <string>
#include <vector>

namespace grade::names {

inline std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

inline std::vector<std::string> good() {
  return {"A",
          "Жанна д'Арк",
          std::string(32, 'x'),
          times(32, "Ж"),
          times(32, "\U0001F600"),           // 128 bytes
          "a,b;c|d:e=f\"g'h\\i/j#k%l&m<n>",  // whatever separates, somewhere
          "two  spaces",
          "\u00A0",  // no U+0020
          "exit",
          "127.0.0.1",
          "-1",
          "$(reboot)"};
}

// Grouped by what is wrong with them.
inline std::vector<std::string> bad() {
  return {
      // no character at all
      "", " ", "     ",
      // too many
      std::string(33, 'x'), times(33, "Ж"), std::string(60'000, 'x'),
      // control characters: C0, DEL, C1
      "a\tb", "\x1b[31mred", std::string("a\0b", 3), "a\rb", "\x7f", "a\u0085b", "\u009b",
      // no UTF-8: a stray byte, a character cut off, an overlong one, a surrogate, too large a one
      "\xff", "abc\x80", "\xd0", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80"};
}

}  // namespace grade::names
