// Root may write what is read-only, by the capability CAP_DAC_OVERRIDE (see capabilities(7)). A
// program that is to find a file read-only has to do without it.

#pragma once

#include <string>
#include <vector>

namespace grade::privileges {

// Whether a program can be started so that it obeys the modes of files.
bool can_be_dropped();

// The command for Setup::wrapper that starts it so; empty if the grader is not root.
std::vector<std::string> without_override();

}  // namespace grade::privileges
