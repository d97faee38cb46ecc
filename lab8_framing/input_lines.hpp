// The lines of standard input.

#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "line_decoder.hpp"
#include "secret.hpp"
#include "standard_streams.hpp"

class InputLines {
 public:
  // Waits for the next line and gives it out without its "\n"; std::nullopt at the end of the
  // input and ever after. A last line without "\n" is a line. Throws what read_input throws.
  std::optional<std::string> next() {
    while (!ended_) {
      if (auto line = decoder_.next()) return line;
      std::array<std::byte, 4096> buffer;
      const auto input = read_input(buffer);
      ended_ = !input;
      if (input) decoder_.append(*input);
      wipe(std::span(buffer));
    }
    return decoder_.rest();
  }

 private:
  LineDecoder decoder_;
  bool ended_ = false;  // a terminal would wait again after its end of input, Ctrl-D
};
