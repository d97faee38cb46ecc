// SIGINT (Ctrl-C) and SIGTERM (kill) end the server in good order, whatever it is doing.
//
// A signal handler may call next to nothing (signal-safety(7)), and one that only sets a flag is
// too late for an accept() that begins right after the flag was looked at. So there is no
// handler: the signals are blocked, and a thread of its own waits for them.

#pragma once

#include <pthread.h>

#include <csignal>
#include <string_view>
#include <thread>

// From now on a signal calls `stop` with the signal's name. Call it before the first other
// thread is started, since threads inherit what is blocked. Throws std::system_error.
inline void on_stop_signal(void (*stop)(std::string_view)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  // Blocked signals stay pending, so one that comes before sigwait() is not lost.
  std::thread([signals, stop] {
    int number = 0;
    sigwait(&signals, &number);
    stop(number == SIGINT ? "SIGINT" : "SIGTERM");
  }).detach();
}
