// A frame: how a message is told from the next one in a stream of bytes.
//
//   00 00 00 05 68 65 6c 6c 6f     length, then payload: "hello"
//
// The length is 4 bytes, unsigned, big-endian (network byte order), and counts the bytes of the
// payload, which is UTF-8. No socket is in here: bytes in, messages out, and the other way round.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

constexpr std::size_t kFrameHeader = 4;         // bytes
constexpr std::size_t kMaxPayload = 1'048'576;  // bytes

// Header and payload, ready to be sent. Throws std::invalid_argument if the payload is longer
// than kMaxPayload or is no UTF-8.
std::string encode_frame(std::string_view payload);

// Cuts frames out of a stream that arrives in pieces of any size. A message may be a password, so
// what has been given out is wiped, and at the end what has not.
class FrameDecoder {
 public:
  FrameDecoder() = default;
  FrameDecoder(const FrameDecoder&) = delete;
  FrameDecoder& operator=(const FrameDecoder&) = delete;
  ~FrameDecoder();

  // Adds what has arrived.
  void append(std::span<const std::byte> bytes);

  // The payload of the next frame that is whole, or std::nullopt if more bytes are needed.
  // Throws ProtocolError if a header announces more than kMaxPayload, or a payload is no UTF-8;
  // the stream cannot be read any further then.
  std::optional<std::string> next();

  // True if a part of a frame is here: a stream that ends now ends too early. (After next()
  // has returned std::nullopt.)
  bool in_frame() const noexcept { return begin_ < buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;  // all before it has been given out
};
