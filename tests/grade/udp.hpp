// A UDP socket of the grader's own: what was sent to it waits in a queue, whoever sent it.

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "address.hpp"
#include "loop.hpp"

namespace grade {

struct Datagram {
  Address from;
  std::string bytes;
};

class UdpSocket : public Watched {
 public:
  // Bound to `host`, "127.0.0.1" or "::1", and a port that the system gives unless one is named.
  explicit UdpSocket(const std::string& host = "127.0.0.1", std::uint16_t port = 0);
  ~UdpSocket() override;

  const Address& address() const { return address_; }
  std::uint16_t port() const { return address_.port(); }

  void send(const Address& to, std::string_view bytes);

  // The next datagram; waits for it, and is std::nullopt if none comes within `limit`.
  std::optional<Datagram> receive(Clock::duration limit = patience());
  std::deque<Datagram>& arrived() { return arrived_; }

  // From now on nothing of it is in the transcript: there will be too much.
  void hush() { noted_ = false; }

 protected:
  void ready(short events) override;

 private:
  pollfd interest() const override { return {descriptor_, POLLIN, 0}; }

  int descriptor_;
  bool noted_ = true;
  Address address_;
  std::deque<Datagram> arrived_;
};

}  // namespace grade
