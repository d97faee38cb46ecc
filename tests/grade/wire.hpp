// Results as JSON: how the process that grades a lab tells them to the one that collects
// them.

#pragma once

#include <string>

#include "result.hpp"

namespace grade::wire {

std::string to_line(const CheckResult& check);
CheckResult from_line(const std::string& line);  // throws std::exception if it is none

}  // namespace grade::wire
