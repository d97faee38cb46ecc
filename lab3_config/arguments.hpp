// The command line: a server takes [PORT], a client [HOST [PORT]].

#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "service_message.hpp"
#include "standard_streams.hpp"

struct Arguments {
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
};

// A port is decimal digits and nothing else, 1 to 65535. Throws std::invalid_argument.
inline std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  // from_chars, unlike atoi and stoi, takes neither spaces nor signs, and tells an overflow.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    throw std::invalid_argument("port " + in_quotes(text) + " is not a number from 1 to 65535");
  }
  return port;
}

// `operands` is what is left of the command line without the program's name and the options.
inline Arguments parse_operands(std::span<const std::string_view> operands, bool takes_host) {
  Arguments arguments;
  if (takes_host && !operands.empty()) {
    arguments.host = operands.front();
    operands = operands.subspan(1);
  }
  if (!operands.empty()) {
    arguments.port = parse_port(operands.front());
    operands = operands.subspan(1);
  }
  if (!operands.empty()) {
    throw std::invalid_argument(in_quotes(operands.front()) + " is one argument too many");
  }
  return arguments;
}

// Reads main's arguments. -h and --help end the program here, with `usage` on standard output
// and 0; a mistake ends it with a line that names it, and `usage`, on standard error and 2.
inline Arguments parse_arguments(int argc, char* argv[], std::string_view usage, bool takes_host) {
  try {
    std::vector<std::string_view> operands;
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      if (argument == "-h" || argument == "--help") {
        write_output(as_bytes(usage));
        std::exit(EXIT_SUCCESS);
      }
      if (argument.starts_with('-')) {
        throw std::invalid_argument(in_quotes(argument) + " is not an option");
      }
      operands.push_back(argument);
    }
    return parse_operands(operands, takes_host);
  } catch (const std::invalid_argument& mistake) {
    std::string complaint(kProgram);
    complaint.append(": ").append(mistake.what()).append("\n").append(usage);
    tell(complaint);
    std::exit(2);
  }
}
