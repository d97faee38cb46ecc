// Grades labs, several at a time, each in a process of its own, and collects what comes of it.

#pragma once

#include "options.hpp"
#include "result.hpp"

namespace grade {

// The exit status: see kUsage.
int grade_labs(const Options& options);

}  // namespace grade
