// Ten points a lab. They are split over its checks in shares: a check has one, and one that is
// about the idea which the lab brings has three:
//
//   TEST_CASE("server: ..." * kIdea) {
//
// What a lab's programs keep from the labs before is in fewer shares than what is new.

#pragma once

#include <string>
#include <vector>

#include "check.hpp"
#include "result.hpp"

namespace grade {

inline constexpr int kPointsOfALab = 1000;  // hundredths

// Splits `total` by the shares, without a rest: the parts differ by less than a unit from what is
// exactly theirs, and the sum is `total`.
std::vector<int> split_by_shares(const std::vector<int>& shares, int total);

// The checks of a lab that are graded, with what each is worth. Those that are called "reference:"
// are not: they are about what only the reference programs have to do.
std::vector<CheckResult> checks_of(int lab, bool with_reference);

inline bool is_reference(std::string_view title) {
  return title.starts_with("reference:");
}

}  // namespace grade
