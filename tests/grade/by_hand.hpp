// What a check has done, as a line for a shell: to see by hand what the program does.

#pragma once

#include <string>

namespace grade {

struct ByHand {
  std::string heading;  // what else has to run
  std::string line;     // empty if nothing was sent to a program
};
ByHand by_hand();

}  // namespace grade
