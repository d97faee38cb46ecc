// How wide the terminal is, and how wide a text is on it.

#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <cwchar>
#include <string_view>

#include "shared/utf8.hpp"

// Of the terminal that standard error is; it may change at any time.
inline int columns() noexcept {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

// The columns that `text` takes: an accent takes none, a Chinese character two.
inline int columns_of(std::string_view text) noexcept {
  int columns = 0;
  while (!text.empty()) {
    const auto character = take_code_point(text);
    if (!character) text.remove_prefix(1);
    const int width = character ? ::wcwidth(static_cast<wchar_t>(*character)) : 1;
    columns += width < 0 ? 1 : width;
  }
  return columns;
}
