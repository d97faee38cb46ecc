// The one clock. Only server.cpp and client.cpp look at it: all else is told what time it is, so
// that a test can let a minute pass in no time.

#pragma once

#include <algorithm>
#include <chrono>

using Clock = std::chrono::steady_clock;  // it never jumps, whoever sets the time of day
using Time = Clock::time_point;

constexpr Time kNever = Time::max();

// The milliseconds that poll() is to wait until `due`. Rounded up: a poll() that ends too early
// would be called again and again until the time has come.
inline int poll_timeout(Time due, Time now) {
  constexpr std::chrono::minutes kLongest{1};
  if (due <= now) return 0;
  const auto pause = due < now + kLongest ? due - now : Clock::duration(kLongest);
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(pause).count());
}
