// The grader's own ends of TCP connections. A Peer talks to a server under test, or (accepted by a
// Listener) to a client under test.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "address.hpp"
#include "channel.hpp"
#include "outcome.hpp"
#include "process.hpp"

namespace grade {

bool machine_has_ipv6();

// A port that was free a moment ago, on IPv4 and IPv6. The system chooses it.
std::uint16_t free_port();

// A socket that was opened in another way than usual.
struct PeerOptions {
  std::string from = {};   // the source address, "127.0.0.2"; the system's choice if empty
  int receive_buffer = 0;  // bytes of the kernel's buffer; the system's choice if 0
  bool reads = true;       // see Channel::read
};

class Peer : public Channel {
 public:
  // Connects. While the connection is refused it tries again, until `hopeless` says that nobody
  // will ever listen there. Throws std::system_error.
  Peer(const Address& to, const PeerOptions& options, const std::function<bool()>& hopeless);

  // Takes over a connection that was accepted.
  explicit Peer(int descriptor);

  // This end and the other one: "127.0.0.1:50000".
  const std::string& address() const { return local_; }
  const std::string& other() const { return remote_; }

  // The next bytes that come are these; the other side closes; it closes or resets.
  Outcome receives(std::string_view expected) { return incoming.brings(expected); }
  Outcome is_closed() { return incoming.closes(); }
  Outcome is_dropped() { return incoming.is_over(); }

  // Waits until the other side has read all that was sent, so that what is sent next comes to it
  // by another recv().
  Outcome is_read();

  // Waits until nothing moves any more, since one side or both do not read.
  void stalls(const Program& reader);

  // Half-closes, waits for the other side's end, and closes.
  Outcome leaves();

  // Closes at once, by RST instead of FIN.
  void reset();

 private:
  std::string local_;
  std::string remote_;
};

// A server of the grader's, for a client under test.
class Listener {
 public:
  explicit Listener(const std::string& host = "127.0.0.1", std::uint16_t port = 0);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return address_.port(); }
  std::string address() const { return address_.text(); }

  // Waits for the next client. Throws std::runtime_error if none comes.
  Peer accept();

  // Whether a client has come that was not accepted yet.
  bool has_client() const;

 private:
  int descriptor_;
  Address address_;
};

// Another program's port: a server under test finds it busy.
class BusyPort {
 public:
  enum class How { kListening, kBoundOnly, kSharing };  // kSharing: listening, with SO_REUSEPORT

  // Takes `port` of `host`, "0.0.0.0" or "::". Throws std::system_error.
  BusyPort(const std::string& host, std::uint16_t port, How how = How::kListening);
  ~BusyPort();
  BusyPort(const BusyPort&) = delete;
  BusyPort& operator=(const BusyPort&) = delete;

 private:
  int descriptor_;
};

}  // namespace grade
