// What the kernel says of the programs of a check at the moment when it fails: what each of them
// waits for, and what has come for it that it has not read.

#pragma once

#include <string>
#include <vector>

namespace grade::diagnosis {

struct Diagnosis {
  std::vector<std::string> lines;  // "the server waits in accept4(); 41 bytes are unread ..."
  bool stuck = false;              // one has unread bytes before it, or computes without end
};

// Looks now, unless it was done in this check already.
void remember();

// What was remembered, and a new check begins.
Diagnosis take();

}  // namespace grade::diagnosis
