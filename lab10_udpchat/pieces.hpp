// A line that is too long for one datagram goes as several.

#pragma once

#include <string_view>

#include "datagram.hpp"
#include "shared/utf8.hpp"

// Takes the first piece off the front of `line`, which is UTF-8: as many whole characters as fit
// into kMaxText bytes.
inline std::string_view take_piece(std::string_view& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    std::string_view shorter = rest;
    take_code_point(shorter);
    if (line.size() - shorter.size() > kMaxText) break;
    rest = shorter;
  }
  const std::string_view piece = line.substr(0, line.size() - rest.size());
  line = rest;
  return piece;
}
