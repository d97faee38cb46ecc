#include "tcp.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "errors.hpp"
#include "identity.hpp"
#include "incidents.hpp"
#include "proc.hpp"
#include "proc_net.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

int check(const char* what, int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int open_socket(int family) {
  return check("socket", ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void set(int descriptor, int level, int option, int value = 1) {
  check("setsockopt", ::setsockopt(descriptor, level, option, &value, sizeof value));
}

// errno of the attempt, 0 for success.
int try_to_connect(int descriptor, const Address& to) {
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  if (::connect(descriptor, to.data(), to.size()) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const bool done = wait_until([&] {
    pollfd writable{descriptor, POLLOUT, 0};
    return ::poll(&writable, 1, 0) == 1;
  });
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  return done ? error : ETIMEDOUT;
}

int connect_once(const Address& to, const PeerOptions& options) {
  const int descriptor = open_socket(to.family());
  if (options.receive_buffer > 0) set(descriptor, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  if (!options.from.empty()) {
    const Address from(options.from, 0);
    check("bind", ::bind(descriptor, from.data(), from.size()));
  }
  const int error = try_to_connect(descriptor, to);
  if (error == 0) return descriptor;
  ::close(descriptor);
  errno = error;
  return -1;
}

int connect_when_possible(const Address& to, const PeerOptions& options,
                          const std::function<bool()>& hopeless) {
  int descriptor = -1;
  int error = 0;
  wait_until([&] {
    descriptor = connect_once(to, options);
    error = errno;
    return descriptor >= 0 || error != ECONNREFUSED || hopeless();
  });
  if (descriptor < 0) {
    if (error != ECONNREFUSED && error != ETIMEDOUT && error != ECONNRESET) {
      throw std::system_error(error, std::generic_category(), "the grader's connect");
    }
    throw ProgramFails("a connection to " + to.text() +
                       " does not come about: " + std::generic_category().message(error));
  }
  return descriptor;
}

}  // namespace

bool machine_has_ipv6() {
  static const bool has = [] {
    const int descriptor = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    const Address loopback("::1", 0);
    const bool bound = ::bind(descriptor, loopback.data(), loopback.size()) == 0;
    ::close(descriptor);
    return bound;
  }();
  return has;
}

std::uint16_t free_port() {
  const Address any(machine_has_ipv6() ? "::" : "0.0.0.0", 0);
  const int descriptor = open_socket(any.family());
  if (machine_has_ipv6()) set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // so of IPv4 as well
  check("bind", ::bind(descriptor, any.data(), any.size()));
  const std::uint16_t port = Address::local_of(descriptor).port();
  ::close(descriptor);
  return port;
}

Peer::Peer(const Address& to, const PeerOptions& options, const std::function<bool()>& hopeless)
    : Peer(connect_when_possible(to, options, hopeless)) {
  read(options.reads);
}

Peer::Peer(int descriptor)
    : Channel("peer", descriptor, Kind::kSocket),
      local_(Address::local_of(descriptor).text()),
      remote_(Address::remote_of(descriptor).text()) {
  set(descriptor, IPPROTO_TCP, TCP_NODELAY);  // each send() is a segment of its own
  rename("connection " + local_);
  transcript::note(who(), "with " + remote_ + " begins");
}

Outcome Peer::is_read() {
  bool read = false;
  wait_until([&] {
    if (descriptor() < 0) return true;  // it never will be
    int unacknowledged = 0;
    ::ioctl(descriptor(), TIOCOUTQ, &unacknowledged);
    if (unsent() > 0 || unacknowledged > 0) return false;
    const auto other_end = find_connection(remote_, local_);
    read = !other_end || other_end->unread == 0;
    return read;
  });
  return Outcome::of(read, "what was sent was not read");
}

void Peer::stalls(const Program& reader) {
  constexpr int kLooks = 20;  // in a row, at which nothing moves
  std::size_t before = unsent() + 1;
  Clock::time_point moved = Clock::now();
  int still = 0;
  wait_until([&] {
    if (unsent() != before) moved = Clock::now();
    // Who stands in line for the processor will go on, unless it never does.
    const bool waits = !proc::wants_processor(reader.pid()) || Clock::now() - moved > one_second();
    still = unsent() == before && waits ? still + 1 : 0;
    before = unsent();
    return unsent() == 0 || still == kLooks;
  });
  transcript::note(who(), "stands still");
}

Outcome Peer::leaves() {
  finish_sending();
  const Outcome closed = is_closed();
  close();
  return closed;
}

void Peer::reset() {
  if (descriptor() < 0) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  transcript::note(who(), "is reset by the grader");
  close();
}

Listener::Listener(const std::string& host, std::uint16_t port) {
  const Address address(host, port);
  descriptor_ = open_socket(address.family());
  if (address.family() == AF_INET6) set(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY);
  set(descriptor_, SOL_SOCKET, SO_REUSEADDR);
  check("bind", ::bind(descriptor_, address.data(), address.size()));
  check("listen", ::listen(descriptor_, SOMAXCONN));
  address_ = Address::local_of(descriptor_);
}

Listener::~Listener() {
  ::close(descriptor_);
}

bool Listener::has_client() const {
  pollfd waiting{descriptor_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

Peer Listener::accept() {
  incidents::of_this_check().needs_client = true;
  const auto is_anybody_there = [] {
    const std::vector<Program*>& programs = all_programs();
    return programs.empty() ||
           std::ranges::any_of(programs, [](Program* p) { return !p->ending(); });
  };
  wait_until([&] { return has_client() || !is_anybody_there(); });
  if (!has_client()) {
    throw ProgramFails("the client does not connect to " + address());
  }
  return Peer(check("accept", ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)));
}

BusyPort::BusyPort(const std::string& host, std::uint16_t port, How how) {
  const Address address(host, port);
  descriptor_ = open_socket(address.family());
  if (address.family() == AF_INET6) set(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY);
  if (how == How::kSharing) {
    set(descriptor_, SOL_SOCKET, SO_REUSEPORT);
    identity::hand_over(descriptor_);  // a port is shared by one user's sockets alone
  }
  check("bind", ::bind(descriptor_, address.data(), address.size()));
  if (how != How::kBoundOnly) check("listen", ::listen(descriptor_, 1));
}

BusyPort::~BusyPort() {
  ::close(descriptor_);
}

}  // namespace grade
