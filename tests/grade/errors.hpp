// Why a check cannot go on. Any other exception is the grader's own failure.

#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace grade {

// The program under test does not do what the rest of the check builds upon.
struct ProgramFails : std::runtime_error {
  explicit ProgramFails(const std::string& what);
};

// It cannot even be tried, because of something that failed before.
struct CannotRun : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Whether a call fails with it because something is used up that all programs share.
bool is_the_machines(const std::error_code& error);

// Whether it says nothing of a program. What fails with a file is a program's doing: there are no
// others to iterate over and to copy but those that it made.
bool is_the_graders(const std::exception& error);

}  // namespace grade
