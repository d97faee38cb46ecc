// What has happened in a check, in order: who said what to whom, and when. It is printed if the
// check fails.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace grade::transcript {

struct Entry {
  long milliseconds = 0;
  std::string who;
  std::string what;
  std::string head;  // the first bytes
  std::string tail;  // the last ones, where the head is full
  std::size_t bytes = 0;
};

// A new check begins.
void clear();

// "12 ms  server  stderr: ..."; what comes from the same source in one go becomes one entry.
void note(std::string_view who, std::string_view what, std::string_view bytes = {});

const std::vector<Entry>& entries();

// What was noted, as lines, and since the last call of take().
std::string text();
std::string take();

}  // namespace grade::transcript
