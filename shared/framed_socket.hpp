// FramedSocket: a Socket that sends and receives messages, each in a frame (see frame.hpp).

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "shared/frame.hpp"
#include "shared/socket.hpp"

class FramedSocket : public Socket {
 public:
  explicit FramedSocket(Socket connected) noexcept : Socket(std::move(connected)) {}

  // Sends header and payload together. Throws std::invalid_argument if `message` is longer than
  // kMaxPayload or is no UTF-8 (nothing is sent then), and what Socket::send_all throws.
  void send_message(std::string_view message);

  // The next message, or std::nullopt when the peer has closed between two frames. Throws
  // ProtocolError if it closed inside one or broke the rules of FrameDecoder, and what
  // Socket::receive_some throws.
  std::optional<std::string> receive_message();

 private:
  FrameDecoder decoder_;
};
