// The server's service messages are its log: say(), fail() and stop() of lab 3, into the file
// server.log in the working directory, each line with its time.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

#include "service_message.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"

constexpr const char* kLogFile = "server.log";

// "2026-11-22T13:02:11.123+03:00": local time and its offset from UTC (RFC 3339).
inline std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto fraction = std::chrono::floor<std::chrono::milliseconds>(time - second);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm local{};
  ::localtime_r(&seconds, &local);

  std::array<char, sizeof "2026-11-22T13:02:11"> date{};
  std::strftime(date.data(), date.size(), "%FT%T", &local);
  std::array<char, sizeof "+0300"> offset{};
  std::strftime(offset.data(), offset.size(), "%z", &local);
  const std::string milliseconds = std::to_string(1000 + fraction.count()).substr(1);
  return std::string(date.data()) + "." + milliseconds + std::string(offset.data()).insert(3, ":");
}

class Log {
 public:
  // Appends to what is there already. Throws std::system_error.
  void open() {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    descriptor_ = check("open", ::open(kLogFile, kFlags, 0644), kLogFile);
  }

  bool is_open() const noexcept { return descriptor_ >= 0; }

  // One write() a line: it is in the file when the event is over, whatever happens to the server
  // next. A log that cannot be written is no reason to stop serving: that is told on the console,
  // once until it works again.
  void write(std::string line) {
    if (torn_) line.insert(0, "\n");
    std::string_view rest = line;
    ssize_t written = 0;
    while (!rest.empty() && (written = ::write(descriptor_, rest.data(), rest.size())) > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));  // why only a part, the next one says
    }
    const int error = errno;
    const bool failed = !rest.empty();
    if (failed && !failing_) {
      tell(
          service_message("error", "write " + std::string(kLogFile) + ": " + std::strerror(error)));
    }
    failing_ = failed;
    torn_ = failed && (torn_ || rest.size() < line.size());
  }

 private:
  int descriptor_ = -1;  // open as long as the server runs
  bool failing_ = false;
  bool torn_ = false;  // the file ends in a part of a line: the disk was full in the middle of it
};

inline Log server_log;
inline std::mutex speaking;  // held while a line is written: stop() may be called in any thread

inline void open_log() {
  server_log.open();
}

inline void write_to_log(std::string_view event, std::string_view explanation) {
  server_log.write(timestamp(std::chrono::system_clock::now()) + " " +
                   service_message(event, explanation));
}

inline void say(std::string_view event, std::string_view explanation) {
  const std::lock_guard lock(speaking);
  write_to_log(event, explanation);
}

// Says what has ended the program, on the console too, and is main's exit status.
inline int fail(std::string_view reason) {
  tell(service_message("error", reason));
  if (server_log.is_open()) say("error", reason);
  return EXIT_FAILURE;
}

// Says "stop" and ends the program, successfully, from any thread. The system closes what is
// still open.
[[noreturn]] inline void stop(std::string_view why) {
  end_within_a_second();  // should the file be on a disk that hangs
  speaking.lock();        // and never unlocked: "stop" is the last word
  write_to_log("stop", why);
  std::_Exit(EXIT_SUCCESS);
}
