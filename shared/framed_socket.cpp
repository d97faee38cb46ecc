#include "shared/framed_socket.hpp"

#include <string.h>  // explicit_bzero

#include <array>

void FramedSocket::send_message(std::string_view message) {
  // In one call: a header sent alone would go out as a segment of its own, and the payload would
  // wait for its acknowledgement, 40 ms and more (Nagle's algorithm meets delayed ACK).
  std::string frame = encode_frame(message);
  send_all(as_bytes(frame));
  ::explicit_bzero(frame.data(), frame.size());
}

std::optional<std::string> FramedSocket::receive_message() {
  while (true) {
    if (auto message = decoder_.next()) return message;
    // One recv() may bring half a frame, or a hundred: what is too much stays in the decoder.
    std::array<std::byte, 16 * 1024> buffer;
    const auto received = receive_some(buffer);
    if (received) {
      decoder_.append(*received);
      ::explicit_bzero(buffer.data(), received->size());
    } else if (decoder_.in_frame()) {
      throw ProtocolError("the peer closed in the middle of a frame");
    } else {
      return std::nullopt;
    }
  }
}
