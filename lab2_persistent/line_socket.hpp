// LineSocket: a Socket that sends and receives messages, each of them a line.

#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "line_decoder.hpp"
#include "shared/socket.hpp"

constexpr std::size_t kPortion = 1024;  // bytes that one recv() takes at most

class LineSocket : public Socket {
 public:
  // `limit`: the bytes that a received line may have. `on_receive` is told the number of bytes
  // after each recv() that brought some.
  LineSocket(Socket connected, std::size_t limit, std::function<void(std::size_t)> on_receive)
      : Socket(std::move(connected)), decoder_(limit), on_receive_(std::move(on_receive)) {}

  // Sends the message, which holds no "\n", and its "\n", in one call. Throws what
  // Socket::send_all throws.
  void send_message(std::string_view message) {
    std::string line;
    line.reserve(message.size() + 1);  // so that growing makes no second copy
    line.append(message).append("\n");
    send_all(as_bytes(line));
  }

  // The next line without its "\n", or std::nullopt when the peer has closed and all has been
  // given out. A last line without "\n" is a line. Throws ProtocolError if a line is too long,
  // and what Socket::receive_some throws.
  std::optional<std::string> receive_message() {
    while (true) {
      if (auto line = decoder_.next()) return line;
      std::array<std::byte, kPortion> portion;
      const auto received = receive_some(portion);
      if (!received) {
        auto rest = decoder_.rest();
        cut_off_ = rest.has_value();
        return rest;
      }
      on_receive_(received->size());
      decoder_.append(*received);
    }
  }

  // True if the message given out last had no "\n": the peer closed in the middle of it, perhaps.
  bool cut_off() const noexcept { return cut_off_; }

 private:
  LineDecoder decoder_;
  std::function<void(std::size_t)> on_receive_;
  bool cut_off_ = false;
};
