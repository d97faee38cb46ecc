// LineDecoder: in whatever pieces a stream arrives, its lines are the same, and a line that is too
// long is refused.

#include "fuzz.hpp"
#include "lab2_persistent/line_decoder.hpp"

#include <optional>
#include <vector>

namespace {

struct Outcome {
  std::vector<std::string> lines;
  bool too_long = false;
  bool operator==(const Outcome&) const = default;
};

Outcome cut_at_once(std::string_view stream, std::size_t limit) {
  Outcome outcome;
  while (!stream.empty()) {
    const std::string_view line = stream.substr(0, stream.find('\n'));
    stream.remove_prefix(std::min(line.size() + 1, stream.size()));
    if (line.size() - (line.ends_with('\r') ? 1 : 0) > limit) {
      outcome.too_long = true;
      return outcome;
    }
    outcome.lines.emplace_back(line);
  }
  // A stream that ends in a newline has no empty line behind it, which the loop does not make.
  return outcome;
}

Outcome cut_in_pieces(std::string_view stream, std::size_t limit, FuzzedDataProvider& data) {
  Outcome outcome;
  LineDecoder decoder(limit);
  try {
    while (!stream.empty()) {
      decoder.append(bytes_of(take_piece(stream, data)));
      while (auto line = decoder.next()) outcome.lines.push_back(*line);
    }
    if (auto line = decoder.rest()) outcome.lines.push_back(*line);
  } catch (const ProtocolError&) {
    outcome.too_long = true;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const auto limit = data.ConsumeIntegralInRange<std::size_t>(0, 40);
  const std::string stream = data.ConsumeRandomLengthString();
  require(cut_in_pieces(stream, limit, data) == cut_at_once(stream, limit),
          "the lines do not depend on the pieces");
  return 0;
}
