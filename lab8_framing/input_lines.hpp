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
    while (true) {
      if (auto line = take()) return line;
      if (ended_) return std::nullopt;
      read_more();
    }
  }

  // The next line, if it has been read already.
  std::optional<std::string> take() {
    if (auto line = decoder_.next()) return line;
    return ended_ ? decoder_.rest() : std::nullopt;
  }

  // Waits for some input, or its end, with one read().
  void read_more() {
    std::array<std::byte, 4096> buffer;
    ended_ = true;  // as it is if it cannot be read
    const auto input = read_input(buffer);
    ended_ = !input;
    if (input) decoder_.append(*input);
    wipe(std::span(buffer));
  }

  // True if there is no more to read; lines may be left to be taken.
  bool ended() const noexcept { return ended_; }

 private:
  LineDecoder decoder_;
  bool ended_ = false;  // a terminal would wait again after its end of input, Ctrl-D
};
