// Another mode for the terminal, for a while: one that does not show what is typed, say.

#pragma once

#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

// Holds as long as the object lives. There is one at a time.
class TerminalMode {
 public:
  // Takes the flags `off` away from standard input's terminal and adds `on`: those of c_lflag in
  // termios(3), ECHO for instance. Where standard input is no terminal, nothing happens.
  TerminalMode(tcflag_t off, tcflag_t on) noexcept {
    changed_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!changed_) return;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = restore_and_die;
      ::sigaction(kSignals[i], nullptr, &actions_before_[i]);
      // What was to be ignored, as under nohup, still is, and is at every moment.
      if (actions_before_[i].sa_handler == SIG_IGN) continue;
      ::sigaction(kSignals[i], &action, nullptr);
    }
    termios mode = before_;
    mode.c_lflag = (mode.c_lflag & ~off) | on;
    // Ctrl-Z does not suspend: the shell would take the terminal back in a mode of its own, and
    // after `fg` all would be shown again.
    mode.c_cc[VSUSP] = _POSIX_VDISABLE;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  }
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;
  ~TerminalMode() {
    if (!changed_) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &actions_before_[i], nullptr);
    }
  }

 private:
  // Ctrl-C and the like still end the program, but leave the terminal as it was. All that is
  // called here may be called in a handler: signal-safety(7).
  static void restore_and_die(int signal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // arrives when this handler returns
  }

  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
  static inline termios before_{};  // the handler has no other way to it
  std::array<struct sigaction, kSignals.size()> actions_before_{};
  bool changed_ = false;
};
