// Terminal: a pseudo-terminal, of which a program has the one end and the grader the other.
// See pty(7).

#pragma once

#include <string>

namespace grade {

class Terminal {
 public:
  Terminal();  // throws std::system_error
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // The grader's end. Whoever takes it closes it.
  int take_master();

  // What the program opens.
  const std::string& path() const { return path_; }

 private:
  int master_;
  std::string path_;
};

// How a terminal is set: whether it shows what is typed, makes lines, and so on. Two are equal if
// the settings are. `descriptor` is either end.
std::string terminal_settings(int descriptor);

// How a terminal is before anybody has done anything to it. Throws std::system_error.
std::string untouched_terminal();

// From now on the terminal does not show what is typed. `master` is the grader's end. Throws
// std::system_error.
void switch_echo_off(int master);

// What is typed is taken in by the terminal a little later, by another thread of the kernel's: when
// this returns, all of it has been. `master` is the grader's end.
void wait_until_taken_in(int master);

}  // namespace grade
