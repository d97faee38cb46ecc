// A terminal that does not show what is typed, for as long as a password is.

#pragma once

#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

class HiddenInput {
 public:
  // Where standard input is no terminal there is nothing to hide.
  HiddenInput() noexcept {
    hidden_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!hidden_) return;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = restore_and_die;
      ::sigaction(kSignals[i], &action, &actions_before_[i]);
    }
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;  // all but the newline
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() {
    if (!hidden_) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &actions_before_[i], nullptr);
    }
  }

 private:
  // Ctrl-C and the like still end the program, but not with a mute terminal. All that is called
  // here may be called in a handler: signal-safety(7).
  static void restore_and_die(int signal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // arrives when this handler returns
  }

  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
  static inline termios before_{};  // the handler has no other way to it
  std::array<struct sigaction, kSignals.size()> actions_before_{};
  bool hidden_ = false;
};
