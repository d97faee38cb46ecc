// The report for people: a card for each lab, on standard output. It has colours on a terminal,
// unless NO_COLOR is set (see no-color.org), and none in a pipe.

#pragma once

#include <cstddef>
#include <string>

#include "result.hpp"

namespace grade {

class Card {
 public:
  // Prints what has been done since the last call. Labs come in their order: what is known of a lab
  // waits until those before it are complete.
  void show(const Results& results);

 private:
  void begin(const LabResult& lab);
  void end(const LabResult& lab);

  std::size_t lab_ = 0;    // the one that is being printed
  std::size_t check_ = 0;  // of its checks, the next one
  bool begun_ = false;
};

namespace card {

// The lines of one check, with its reasons.
std::string text_of(const CheckResult& check, bool with_colours);

// The last lines of all: points, and how this was graded.
void show_end(const Results& results, double slowness);

}  // namespace card
}  // namespace grade
