// PolledSocket: the FramedSocket of lab 8, of which no call waits. Whoever has many of them waits
// with poll(), for all at once.

#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "secret.hpp"
#include "shared/frame.hpp"
#include "shared/socket.hpp"

class PolledSocket : public Socket {
 public:
  // `on_sent` is told the bytes of each message's payload when its frame has gone out whole.
  PolledSocket(Socket connected, std::function<void(std::size_t)> on_sent)
      : Socket(std::move(connected)), on_sent_(std::move(on_sent)) {}

  // The next message, if it is here. Throws ProtocolError as FrameDecoder does, and if the peer
  // has closed in the middle of a frame.
  std::optional<std::string> take_message() {
    auto message = decoder_.next();
    if (!message && ended_ && decoder_.in_frame()) {
      throw ProtocolError("the peer closed in the middle of a frame");
    }
    return message;
  }

  // True if the peer has closed; messages may be left to be taken.
  bool ended() const noexcept { return ended_; }

  // True if something has been received that was not taken yet, perhaps a part of a frame.
  bool has_received() const noexcept { return decoder_.in_frame(); }

  // Does what poll() says can be done now. What had arrived before a reset can still be received,
  // while to send is an error: so the one comes to its end before the other is tried. Throws what
  // flush() and receive() throw.
  void transfer(short events) {
    const bool broken = (events & (POLLERR | POLLHUP)) != 0;
    if (events & POLLIN || broken) receive();
    if (events & POLLOUT && (!broken || ended_)) flush();
  }

  // Takes what has arrived, as far as one recv() goes. For when poll() says POLLIN, POLLERR or
  // POLLHUP. Throws std::system_error, ECONNRESET for instance.
  void receive() {
    std::array<std::byte, 16 * 1024> buffer;
    const auto arrived = receive_into(buffer);
    decoder_.append(arrived);
    wipe(arrived);
  }

  // The same, but what has arrived is thrown away.
  void discard() {
    std::array<std::byte, 16 * 1024> buffer;
    wipe(receive_into(buffer));
  }

  // Sends the message as far as that goes now; the rest has to be flushed. Throws as
  // encode_frame and flush() do.
  void send_message(std::string_view message) {
    std::string frame = encode_frame(message);
    unsent_.append(frame);
    wipe(frame);
    payloads_.push_back(message.size());
    flush();
  }

  // Sends what waits to be sent, as far as that goes now. For when poll() says POLLOUT. Throws
  // std::system_error, EPIPE for instance.
  void flush() {
    while (unsent() > 0) {
      const ssize_t sent =
          ::send(fd(), unsent_.data() + begin_, unsent(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && would_wait(errno)) return;
      went_out(static_cast<std::size_t>(check("send", sent)));
    }
  }

  // Tells the peer that no more will be sent, after all that send() has taken. Throws
  // std::system_error.
  void finish_sending() { check("shutdown", ::shutdown(fd(), SHUT_WR)); }

  // The bytes that wait to be sent.
  std::size_t unsent() const noexcept { return unsent_.size() - begin_; }

 private:
  std::span<std::byte> receive_into(std::span<std::byte> buffer) {
    const ssize_t received = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && !would_wait(errno)) throw_system_error(errno, "recv");
    if (received == 0) ended_ = true;
    return buffer.first(received > 0 ? static_cast<std::size_t>(received) : 0);
  }

  static bool would_wait(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  }

  void went_out(std::size_t size) {
    wipe(std::as_writable_bytes(std::span(unsent_).subspan(begin_, size)));
    begin_ += size;
    frame_sent_ += size;
    while (!payloads_.empty() && frame_sent_ >= kFrameHeader + payloads_.front()) {
      frame_sent_ -= kFrameHeader + payloads_.front();
      on_sent_(payloads_.front());
      payloads_.pop_front();
    }
    // Moved up only when that halves the buffer, so that no more is moved than has gone out.
    if (begin_ * 2 >= unsent_.size()) unsent_.erase(0, std::exchange(begin_, 0));
  }

  FrameDecoder decoder_;
  bool ended_ = false;

  std::string unsent_;
  std::size_t begin_ = 0;             // all before it has gone out
  std::deque<std::size_t> payloads_;  // of the frames that have not gone out whole, in bytes
  std::size_t frame_sent_ = 0;        // bytes of the first of them that have gone out
  std::function<void(std::size_t)> on_sent_;
};
