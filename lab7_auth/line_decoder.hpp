// Lines, cut out of a stream of bytes. TCP keeps the order of the bytes and nothing else: what
// was one send() may arrive in two pieces, or together with the next. A line may be a password, so
// what has been given out is wiped, and at the end what has not.

#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "secret.hpp"
#include "shared/socket.hpp"

// A line ends in "\n"; a "\r" before it, as telnet and Windows write, belongs to the end as well.
inline std::string_view without_carriage_return(std::string_view line) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class LineDecoder {
 public:
  // `limit`: the bytes that a line may have, its end not counted.
  explicit LineDecoder(std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept
      : limit_(limit) {}
  LineDecoder(const LineDecoder&) = delete;
  LineDecoder& operator=(const LineDecoder&) = delete;
  ~LineDecoder() { wipe(buffer_); }

  // Adds what has arrived.
  void append(std::span<const std::byte> bytes) {
    // What is left of the last line goes to the front, or into a larger buffer; where it was, it
    // is wiped.
    const std::size_t rest = buffer_.size() - begin_;
    if (rest + bytes.size() > buffer_.capacity()) {
      std::string larger;
      larger.reserve(2 * (rest + bytes.size()));
      larger.append(buffer_, begin_, rest);
      wipe(buffer_);
      buffer_ = std::move(larger);
    } else if (begin_ > 0) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.end(),
                buffer_.begin());
      wipe(std::as_writable_bytes(std::span(buffer_).subspan(rest)));
      buffer_.resize(rest);
    }
    begin_ = 0;
    buffer_.append(as_text(bytes));
  }

  // The next line that is whole, without its "\n", or std::nullopt if more bytes are needed.
  // Throws ProtocolError as soon as a line is longer than the limit, whole or not.
  std::optional<std::string> next() {
    // What was searched once is not searched again: a line of 1 MB costs no more a byte than one
    // of 1 KB.
    const std::size_t end = buffer_.find('\n', begin_ + searched_);
    const bool whole = end != std::string::npos;
    const auto line = std::string_view(buffer_).substr(begin_, whole ? end - begin_ : end);
    if (without_carriage_return(line).size() > limit_) {
      throw ProtocolError("a line is longer than " + std::to_string(limit_) + " bytes");
    }
    searched_ = whole ? 0 : line.size();
    if (!whole) return std::nullopt;
    std::string result(line);
    wipe(std::as_writable_bytes(std::span(buffer_).subspan(begin_, line.size())));
    begin_ = end + 1;
    return result;
  }

  // When the stream has ended: the line that its end has cut off, or std::nullopt if there is none.
  std::optional<std::string> rest() {
    std::string line = buffer_.substr(std::exchange(begin_, 0));
    wipe(buffer_);
    searched_ = 0;
    if (line.empty()) return std::nullopt;
    return line;
  }

 private:
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;     // all before it has been given out
  std::size_t searched_ = 0;  // so many bytes after begin_ hold no "\n"
};
