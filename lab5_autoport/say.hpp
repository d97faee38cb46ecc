// The service messages of a program, on standard error: say() tells an event; fail() and stop()
// tell the last one.

#pragma once

#include <cstdlib>
#include <mutex>
#include <string_view>

#include "service_message.hpp"
#include "standard_streams.hpp"

// Held while a message is written, since stop() may be called in another thread.
inline std::mutex speaking;

inline void say(std::string_view event, std::string_view explanation) {
  const std::lock_guard lock(speaking);
  tell(service_message(event, explanation));
}

// Says what has ended the program, and is main's exit status: `return fail(...)`.
inline int fail(std::string_view reason) {
  say("error", reason);
  return EXIT_FAILURE;
}

// Says "stop" and ends the program, successfully, from any thread. The system closes what is
// still open.
[[noreturn]] inline void stop(std::string_view why) {
  end_within_a_second();  // should standard error be a full pipe that nobody reads
  speaking.lock();        // and never unlocked: "stop" is the last word
  tell(service_message("stop", why));
  std::_Exit(EXIT_SUCCESS);
}
