// Grades one lab, in a process that does nothing else.

#pragma once

#include "options.hpp"
#include "result.hpp"
#include "submission.hpp"

namespace grade {

// Sends to `socket` a message for each check that is done (see wire.hpp), and before them what was
// not copied or built, as a check without a title. Never returns.
[[noreturn]] void run_lab(const Lab& lab, const std::vector<CheckResult>& checks,
                          const Options& options, int socket);

}  // namespace grade
