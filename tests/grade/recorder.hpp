// The doctest reporter "record": it makes of each check a CheckResult, with its reasons.

#pragma once

#include <functional>
#include <map>
#include <string>

#include "result.hpp"
#include "submission.hpp"

namespace grade {

// Hands each result to `tell` as soon as the check is done. `worth` is what each title is worth.
void record(const Lab& lab, std::map<std::string, int> worth,
            std::function<void(const CheckResult&)> tell);

// Whether that was called.
bool is_recording();

}  // namespace grade
