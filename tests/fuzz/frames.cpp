// FrameDecoder: in whatever pieces a stream arrives, its frames are the same, and encode_frame()
// makes the stream from them again.

#include "fuzz.hpp"
#include "shared/frame.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"

#include <optional>
#include <vector>

namespace {

struct Outcome {
  std::vector<std::string> payloads;
  bool broken = false;    // too long, or no UTF-8
  bool in_frame = false;  // the stream ends in the middle of one
  bool operator==(const Outcome&) const = default;
};

Outcome cut_at_once(std::string_view stream) {
  Outcome outcome;
  while (stream.size() >= kFrameHeader) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kFrameHeader; ++i) {
      length = length * 256 + static_cast<unsigned char>(stream[i]);
    }
    outcome.broken = length > kMaxPayload;
    if (outcome.broken || stream.size() - kFrameHeader < length) break;
    const std::string_view payload = stream.substr(kFrameHeader, length);
    outcome.broken = !is_utf8(payload);
    if (outcome.broken) break;
    outcome.payloads.emplace_back(payload);
    stream.remove_prefix(kFrameHeader + length);
  }
  outcome.in_frame = !outcome.broken && !stream.empty();
  return outcome;
}

Outcome cut_in_pieces(std::string_view stream, FuzzedDataProvider& data) {
  Outcome outcome;
  FrameDecoder decoder;
  try {
    while (!stream.empty()) {
      decoder.append(bytes_of(take_piece(stream, data)));
      while (auto payload = decoder.next()) outcome.payloads.push_back(*payload);
    }
    outcome.in_frame = decoder.in_frame();
  } catch (const ProtocolError&) {
    outcome.broken = true;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const std::string stream = data.ConsumeRandomLengthString();
  const Outcome outcome = cut_in_pieces(stream, data);
  require(outcome == cut_at_once(stream), "the frames do not depend on the pieces");
  std::string again;
  for (const std::string& payload : outcome.payloads) again += encode_frame(payload);
  require(stream.starts_with(again), "encoding is the inverse of decoding");
  return 0;
}
