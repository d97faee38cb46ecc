// The lines of a text, and of a file.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scratch.hpp"

namespace grade {

// Without their newlines; what follows the last one is a line, too.
inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

inline std::vector<std::string> lines_of_file(const std::string& path) {
  return lines_of(scratch::read_file(path));
}

// For files whose lines may be in any order.
inline std::vector<std::string> sorted_lines_of_file(const std::string& path) {
  std::vector<std::string> lines = lines_of_file(path);
  std::ranges::sort(lines);
  return lines;
}

}  // namespace grade
