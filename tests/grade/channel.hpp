// Channel: a descriptor that leads to a program or a peer, looked after by the loop. What comes is
// collected, what is to go is queued: send() never waits, however slowly the other side reads.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "incoming.hpp"
#include "loop.hpp"

namespace grade {

class Channel : public Watched {
 public:
  enum class Kind { kPipe, kSocket, kTerminal };

  // Takes over `descriptor`. `who` is what the transcript calls the other end.
  Channel(std::string who, int descriptor, Kind kind);
  ~Channel() override;

  Incoming incoming;

  void send(std::string_view bytes);

  // After what was queued: the end of the other side's input (a close, a half-close, Ctrl-D).
  void finish_sending();

  // What send() was given and the system has not taken yet.
  std::size_t unsent() const { return queue_.size() - sent_; }

  // From now on nothing is read (the other side finds its way blocked), or it is again.
  void read(bool on) { reads_ = on; }

  // Once more than that has come, nothing more is taken, and `then` is called.
  void limit(std::size_t most, std::function<void()> then);

  // From now on whatever comes is sent back as it came, bytes that no check has taken included, and
  // the end as well.
  void echo() { echoes_ = true; }

  int descriptor() const { return descriptor_; }
  void close();

 protected:
  const std::string& who() const { return who_; }
  void rename(std::string who) { who_ = std::move(who); }

 private:
  pollfd interest() const override;
  void ready(short events) override;
  void receive_some();
  void send_some();
  void send_end();
  void lose(std::string how);

  std::string who_;
  int descriptor_;
  Kind kind_;
  bool reads_ = true;
  bool echoes_ = false;
  std::size_t most_ = std::string::npos;  // bytes
  std::function<void()> beyond_most_;
  bool finishing_ = false;  // the end is to be sent after the queue
  std::size_t sent_ = 0;    // how much of the queue has gone
  std::string queue_;
};

}  // namespace grade
