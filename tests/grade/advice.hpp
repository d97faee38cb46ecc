// What a student may do about a check that failed.

#pragma once

#include <string>
#include <vector>

#include "result.hpp"
#include "submission.hpp"

namespace grade::advice {

inline const std::string kHeldBack =
    "in a pipe nothing of it is seen while the program runs, and on a terminal it is: it waits in "
    "a "
    "buffer of the program's; flush after each line (std::flush, fflush, print(..., flush=True))";

inline const std::string kWrongStream =
    "the program writes its service messages to standard output: they belong on standard error, "
    "where they are out at once";

// The mistake that it usually is; empty if there is no usual one.
std::string hint(const Lab& lab, const CheckResult& check, const std::vector<std::string>& steps);

// Where in the lab's page what it is about is told.
std::string where_to_read(const Lab& lab, const std::string& role);

// The command that makes this check again, as it was made.
std::string command_for(const Lab& lab, const std::string& title);

}  // namespace grade::advice
