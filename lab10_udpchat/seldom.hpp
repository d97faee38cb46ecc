// Seldom: for a message that anybody can cause as often as he likes. It is told at most once a
// second, together with how often it happened.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "clock.hpp"

class Seldom {
 public:
  // Counts one event more. How many there were since the last message, if it is time for one.
  std::optional<std::uint64_t> count(Time now) {
    ++events_;
    if (told_ && now - *told_ < std::chrono::seconds(1)) return std::nullopt;
    told_ = now;
    return std::exchange(events_, 0);
  }

 private:
  std::uint64_t events_ = 0;
  std::optional<Time> told_;
};
