// The one loop of the grader. It reads and writes for all programs and peers of a check at once,
// so that none of them is ever kept waiting by the grader while that waits for another.
// There are no threads: everything happens inside turn() and wait_until().

#pragma once

#include <poll.h>

#include <cstddef>
#include <functional>

#include "patience.hpp"

namespace grade {

// Something with a descriptor that the loop looks after for as long as the object lives.
class Watched {
 public:
  Watched();
  virtual ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // What to wait for; descriptor -1 for nothing.
  virtual pollfd interest() const = 0;
  virtual void ready(short events) = 0;
};

// Serves whatever is ready, after waiting a little for it if nothing is.
void turn();

// Serves until `done` is true, and returns that; false if it took longer than `limit`.
// `done` may look at anything, in /proc or in a file, too: it is asked every few milliseconds.
bool wait_until(const std::function<bool()>& done, Clock::duration limit);
bool wait_until(const std::function<bool()>& done);  // for as long as there is patience

// The same for something that comes bit by bit: the patience is counted from when `amount` grew
// last, up to ten times as much in all. What is large takes its time on a busy machine.
bool wait_until(const std::function<bool()>& done, const std::function<std::size_t()>& amount);

// Lets a time pass that means nothing: for events at random instants, and to watch an idle program.
void let_pass(Clock::duration time);

}  // namespace grade
