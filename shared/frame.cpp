#include "shared/frame.hpp"

#include <arpa/inet.h>
#include <string.h>  // explicit_bzero

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "shared/socket.hpp"
#include "shared/utf8.hpp"

namespace {

using Header = std::array<char, kFrameHeader>;

Header encode_length(std::size_t length) noexcept {
  return std::bit_cast<Header>(htonl(static_cast<std::uint32_t>(length)));
}

std::size_t decode_length(std::string_view bytes) noexcept {
  Header header{};
  std::copy_n(bytes.begin(), header.size(), header.begin());
  return ntohl(std::bit_cast<std::uint32_t>(header));
}

}  // namespace

std::string encode_frame(std::string_view payload) {
  if (payload.size() > kMaxPayload) {
    throw std::invalid_argument("a message of " + std::to_string(payload.size()) +
                                " bytes is longer than " + std::to_string(kMaxPayload));
  }
  if (!is_utf8(payload)) throw std::invalid_argument("the message is not UTF-8");

  const Header header = encode_length(payload.size());
  std::string frame;
  frame.reserve(header.size() + payload.size());
  frame.append(header.data(), header.size());
  frame.append(payload);
  return frame;
}

FrameDecoder::~FrameDecoder() {
  ::explicit_bzero(buffer_.data(), buffer_.size());
}

void FrameDecoder::append(std::span<const std::byte> bytes) {
  // What is left of the last frame goes to the front, or into a larger buffer; where it was, it
  // is wiped.
  const std::size_t rest = buffer_.size() - begin_;
  if (rest + bytes.size() > buffer_.capacity()) {
    std::string larger;
    larger.reserve(2 * (rest + bytes.size()));
    larger.append(buffer_, begin_, rest);
    ::explicit_bzero(buffer_.data(), buffer_.size());
    buffer_ = std::move(larger);
  } else if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.end(),
              buffer_.begin());
    ::explicit_bzero(buffer_.data() + rest, buffer_.size() - rest);
    buffer_.resize(rest);
  }
  begin_ = 0;
  buffer_.append(as_text(bytes));
}

std::optional<std::string> FrameDecoder::next() {
  const std::string_view arrived = std::string_view(buffer_).substr(begin_);
  if (arrived.size() < kFrameHeader) return std::nullopt;

  // Checked before anything is waited for, let alone allocated: a header can say 4 GiB.
  const std::size_t length = decode_length(arrived);
  if (length > kMaxPayload) {
    throw ProtocolError("a frame of " + std::to_string(length) + " bytes is announced, more than " +
                        std::to_string(kMaxPayload));
  }
  if (arrived.size() < kFrameHeader + length) return std::nullopt;

  const std::string_view payload = arrived.substr(kFrameHeader, length);
  if (!is_utf8(payload)) throw ProtocolError("the payload of a frame is not UTF-8");
  std::string message(payload);
  ::explicit_bzero(buffer_.data() + begin_, kFrameHeader + length);
  begin_ += kFrameHeader + length;
  return message;
}
