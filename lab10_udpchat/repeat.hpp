// Repeat: when to say something again that has not been answered, or that has to be said in turn.

#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "clock.hpp"

class Repeat {
 public:
  // Due at the start, after `first`, after twice as long, and so on up to `longest`; `times` times.
  Repeat(std::chrono::milliseconds first, std::chrono::milliseconds longest,
         int times = std::numeric_limits<int>::max())
      : first_(first), longest_(longest), times_(times) {}

  void start(Time now) {
    due_ = now;
    pause_ = first_;
    left_ = times_;
  }

  // True if it was running.
  bool stop() { return std::exchange(due_, kNever) != kNever; }

  bool is_running() const noexcept { return due_ != kNever; }
  Time due() const noexcept { return due_; }

  // True if it is time to say it (once more); then the next pause begins.
  bool is_due(Time now) {
    if (now < due_) return false;
    --left_;
    due_ = now + pause_;
    pause_ = std::min(2 * pause_, longest_);
    return true;
  }

  // After is_due() was true: that would have been once too often.
  bool is_exhausted() const noexcept { return left_ < 0; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  int times_;
  std::chrono::milliseconds pause_{};
  int left_ = 0;
  Time due_ = kNever;
};
