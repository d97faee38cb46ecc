#include "channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "transcript.hpp"

namespace grade {
namespace {

constexpr char kEndOfTransmission[] = "\x04";  // Ctrl-D

}  // namespace

Channel::Channel(std::string who, int descriptor, Kind kind)
    : who_(std::move(who)), descriptor_(descriptor), kind_(kind) {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
}

Channel::~Channel() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Channel::send(std::string_view bytes) {
  transcript::note(who_, "<-", bytes);
  if (descriptor_ < 0) return;
  queue_ += bytes;
  send_some();
}

void Channel::finish_sending() {
  transcript::note(who_, "<- (the end)");
  if (kind_ == Kind::kTerminal) {
    queue_ += kEndOfTransmission;
  } else {
    finishing_ = true;
  }
  send_some();
}

void Channel::limit(std::size_t most, std::function<void()> then) {
  most_ = most;
  beyond_most_ = std::move(then);
}

void Channel::close() {
  if (descriptor_ < 0) return;
  transcript::note(who_, "is closed by the grader");
  lose("closed by the grader");
}

pollfd Channel::interest() const {
  short events = 0;
  if (reads_ && !incoming.finished()) events |= POLLIN;
  if (unsent() > 0) events |= POLLOUT;
  return {events == 0 ? -1 : descriptor_, events, 0};
}

void Channel::ready(short events) {
  if ((events & POLLOUT) != 0) send_some();
  // An error is found by reading, if we read, and by writing otherwise.
  if (reads_ && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    receive_some();
  } else if ((events & POLLERR) != 0) {
    send_some();
  }
}

void Channel::receive_some() {
  static std::array<char, 65536> buffer;
  if (descriptor_ < 0 || incoming.finished()) return;
  const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
  if (size > 0) {
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    transcript::note(who_, "->", bytes);
    incoming.append(bytes);
    if (echoes_) send(bytes);
    if (incoming.all().size() > most_) {
      lose("more than anybody wants to read");
      beyond_most_();
    }
  } else if (size == 0 || (kind_ == Kind::kTerminal && errno == EIO)) {
    transcript::note(who_, "-> (the end)");
    incoming.finish("closed");
    if (echoes_) finish_sending();
  } else if (errno != EAGAIN && errno != EINTR) {
    lose(errno == ECONNRESET ? "reset" : std::strerror(errno));
  }
}

void Channel::send_some() {
  while (descriptor_ >= 0 && unsent() > 0) {
    const char* const data = queue_.data() + sent_;
    const ssize_t size = kind_ == Kind::kSocket ? ::send(descriptor_, data, unsent(), MSG_NOSIGNAL)
                                                : ::write(descriptor_, data, unsent());
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      queue_.clear();
      sent_ = 0;
      transcript::note(who_, std::string("takes no more: ") + std::strerror(errno));
      return;  // what has come may still be read
    }
    sent_ += static_cast<std::size_t>(size);
  }
  queue_.clear();
  sent_ = 0;
  if (std::exchange(finishing_, false)) send_end();
}

void Channel::send_end() {
  if (kind_ == Kind::kSocket) {
    ::shutdown(descriptor_, SHUT_WR);
  } else {
    lose("closed");
  }
}

void Channel::lose(std::string how) {
  transcript::note(who_, "is gone: " + how);
  if (!incoming.finished()) incoming.finish(std::move(how));
  queue_.clear();
  sent_ = 0;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace grade
