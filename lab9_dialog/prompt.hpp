// Questions to the person who starts a program: asked again until the answer will do.

#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "address.hpp"
#include "arguments.hpp"
#include "input_lines.hpp"
#include "line_decoder.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"

// What `parse` makes of the answer, which is taken without the spaces around it. An empty answer,
// and the end of the input, stand for `usual`. While `parse` throws std::invalid_argument, its text
// is shown and the question asked again.
template <typename Parse>
auto ask(InputLines& input, std::string_view question, std::string_view usual, Parse parse) {
  std::string prompt(question);
  prompt.append(" [").append(usual).append("]: ");
  while (true) {
    tell(prompt);
    const std::optional<std::string> line = input.next();
    const std::string_view answer = line ? trimmed(without_carriage_return(*line)) : "";
    try {
      return parse(answer.empty() ? usual : answer);
    } catch (const std::invalid_argument& mistake) {
      tell(std::string(mistake.what()) + "\n");
    }
  }
}

inline std::uint16_t ask_port(InputLines& input) {
  return ask(input, "Port", "9090", parse_port);
}

inline std::string ask_host(InputLines& input) {
  return ask(input, "Host", "127.0.0.1", [](std::string_view answer) {
    const std::string host(answer);
    try {
      resolve(host, 0);
    } catch (const std::invalid_argument& mistake) {
      throw std::invalid_argument(std::string(mistake.what()) +
                                  "; an address such as 127.0.0.1 or ::1 will do, or a known name");
    }
    return host;
  });
}
