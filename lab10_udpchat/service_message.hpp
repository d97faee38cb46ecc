// What a service message looks like: one line, "[server] EVENT: explanation".

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shared/utf8.hpp"

// "server" or "client": each of the two programs defines its own.
extern const std::string_view kProgram;

// The whole line, with its newline. Whatever the explanation holds, it stays one line, and no
// control character in it reaches a terminal.
inline std::string service_message(std::string_view event, std::string_view explanation) {
  std::string line;
  line.reserve(128);  // room for nearly all of them: growing would copy
  line.append("[").append(kProgram).append("] ").append(event).append(": ");
  return line.append(printable(explanation)).append("\n");
}

// "1024 bytes", "1 bytes": one form is easier to search a log for than two.
inline std::string bytes(std::size_t count) {
  return std::to_string(count) + " bytes";
}
