// What has come of a check: whether it has its points and, if not, why. Everything that is told of
// a grading, to people and in files, is made of these.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grade {

enum class Verdict {
  kWaiting,  // not made yet
  kPassed,
  kFailed,        // the program does something else
  kNotRun,        // could not be made, because of something else that failed
  kCrashed,       // the program was ended by a signal, or by an error that nobody caught
  kHung,          // it does nothing more
  kRanAway,       // it had to be ended: output, memory, processes, processor time
  kLeftOut,       // cannot be made on this machine
  kGraderFailed,  // the grader's own failure
};

// "failed", "not run", ...
std::string_view name_of(Verdict verdict);

// A part of the reasons: "What was done", and its lines.
struct Section {
  std::string heading;
  std::vector<std::string> lines;
};

struct CheckResult {
  int lab = 0;
  std::string title;
  int worth = 0;         // hundredths of a point
  bool is_long = false;  // see check.hpp
  Verdict verdict = Verdict::kWaiting;
  std::string summary = {};  // one line
  std::vector<Section> reasons = {};
  double seconds = 0;

  // What could not be tried costs nothing.
  bool has_points() const {
    return verdict == Verdict::kPassed || verdict == Verdict::kLeftOut ||
           verdict == Verdict::kGraderFailed;
  }
  int earned() const { return has_points() ? worth : 0; }
};

struct LabResult {
  int lab = 0;
  std::string name;         // "lab3_config"
  std::string folder;       // of the submission
  std::string build_words;  // what was not copied, or could not be built
  std::vector<CheckResult> checks;
  double seconds = 0;

  int earned() const;
  int worth() const;
};

struct Results {
  std::string submission;  // as it was given; empty for the reference labs
  unsigned long long seed = 0;
  std::vector<LabResult> labs;

  int earned() const;
  int worth() const;
  bool grader_failed() const;
};

// Hundredths as points: 1000 is "10", 23 is "0.23", 950 is "9.5".
std::string points_text(int hundredths);

}  // namespace grade
