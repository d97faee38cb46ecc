// How a program under test is started: fork(), and what has to be arranged between it and exec().

#pragma once

#include <sys/types.h>

#include <string>

#include "process.hpp"

namespace grade {

// The grader's ends, -1 where a stream is connected to a file or to nothing.
struct Started {
  pid_t pid = -1;
  int in = -1;
  int out = -1;
  int err = -1;
  int terminal = -1;
};

// Throws std::system_error if the program cannot be started.
Started launch(const std::string& executable, const Setup& setup, const std::string& folder);

}  // namespace grade
