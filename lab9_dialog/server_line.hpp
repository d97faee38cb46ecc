// What the server says before the echo begins, a line each: "ASK what text", "TOKEN hex",
// "OK text", "ERR text".

#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

// The first word of `line`, and what stands behind the space after it.
inline std::pair<std::string_view, std::string_view> split_word(std::string_view line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  return {line.substr(0, end), line.substr(std::min(end + 1, line.size()))};
}

struct ServerLine {
  std::string_view word;  // "ASK", "TOKEN", "OK", "ERR"
  std::string_view what;  // what is asked, with ASK alone: "token", "name", "new-password"
  std::string_view text;  // for a person, or the token
};

// Views into `line`, which has to live as long.
inline ServerLine parse_server_line(std::string_view line) {
  const auto [word, text] = split_word(line);
  if (word != "ASK") return {word, "", text};
  const auto [what, question] = split_word(text);
  return {word, what, question};
}
