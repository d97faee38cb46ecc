#include "result.hpp"

#include <algorithm>
#include <numeric>

namespace grade {
namespace {

template <typename Part>
int sum(const std::vector<Part>& parts, int (Part::*of)() const) {
  return std::accumulate(parts.begin(), parts.end(), 0,
                         [&](int before, const Part& part) { return before + (part.*of)(); });
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWaiting:
      return "not made yet";
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kNotRun:
      return "not run";
    case Verdict::kCrashed:
      return "crashed";
    case Verdict::kHung:
      return "hung";
    case Verdict::kRanAway:
      return "ran away";
    case Verdict::kLeftOut:
      return "left out";
    case Verdict::kGraderFailed:
      return "grader failed";
  }
  return "";
}

int LabResult::earned() const {
  return sum(checks, &CheckResult::earned);
}

int LabResult::worth() const {
  return std::accumulate(checks.begin(), checks.end(), 0,
                         [](int before, const CheckResult& check) { return before + check.worth; });
}

int Results::earned() const {
  return sum(labs, &LabResult::earned);
}

int Results::worth() const {
  return sum(labs, &LabResult::worth);
}

bool Results::grader_failed() const {
  return std::ranges::any_of(labs, [](const LabResult& lab) {
    return std::ranges::any_of(lab.checks, [](const CheckResult& check) {
      return check.verdict == Verdict::kGraderFailed || check.verdict == Verdict::kWaiting;
    });
  });
}

std::string points_text(int hundredths) {
  std::string text = std::to_string(hundredths / 100);
  const int rest = hundredths % 100;
  if (rest == 0) return text;
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) text += static_cast<char>('0' + rest % 10);
  return text;
}

}  // namespace grade
