// The grader's command line.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grade {

// The files that a grading is told in, besides the cards: each is empty if it is not wanted.
struct Reports {
  std::string gradescope;
  std::string classroom50;
  std::string junit;
  std::string csv;
  bool autolab = false;  // these two are on standard output
  bool vpl = false;
};

struct Options {
  std::uint64_t seed = 0;
  std::vector<int> labs;        // all that are there if empty
  std::string check;            // titles that fit, with * for anything; all if empty
  std::size_t jobs = 0;         // labs at the same time; one more than there are processors if 0
  bool with_reference = false;  // the checks that are about the reference programs alone as well
  bool private_network = true;
  bool only_lists = false;
  Reports reports;

  // Options of doctest's own: then this process makes the checks, and doctest tells of them.
  std::vector<const char*> doctests;
};

extern const char kUsage[];

// Throws std::invalid_argument. --help is answered at once.
Options parse_options(int argc, char* argv[]);

}  // namespace grade
