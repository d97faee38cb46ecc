// The doctest reporter "record": it makes of each check a CheckResult, with its reasons.

#pragma once

#include <functional>

#include "result.hpp"
#include "submission.hpp"

namespace grade {

// Hands each result to `tell` as soon as the check is done; what it is worth is not in it.
void record(const Lab& lab, std::function<void(const CheckResult&)> tell);

// Whether that was called.
bool is_recording();

}  // namespace grade
