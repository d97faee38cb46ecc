// What a program under test may use of the machine. A limit that the system keeps stands behind
// each that the grader looks after itself, and is wider.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace grade {

inline constexpr std::size_t kMostOutput = 64 << 20;  // bytes of each stream

// In a child of the grader, before exec(). A sanitizer needs more room than anybody can have.
void set_limits(bool with_sanitizer);

// Whether a program file was built with a sanitizer.
bool is_sanitized(const std::string& executable);

// Why a running program, or what it has started, has to be stopped: "has 300 processes"; empty if
// it does not.
std::string why_runaway(pid_t pid);

}  // namespace grade
