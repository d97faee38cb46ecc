// Why a check cannot go on. Any other exception is the grader's own failure.

#pragma once

#include <stdexcept>
#include <string>

namespace grade {

// The program under test does not do what the rest of the check builds upon.
struct ProgramFails : std::runtime_error {
  explicit ProgramFails(const std::string& what);
};

// It cannot even be tried, because of something that failed before.
struct CannotRun : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace grade
