// What has happened in a check, in order: who said what to whom, and when. It is printed if the
// check fails.

#pragma once

#include <string>
#include <string_view>

namespace grade::transcript {

// A new check begins.
void clear();

// "12 ms  server  stderr: ..."; what comes from the same source in one go becomes one entry.
void note(std::string_view who, std::string_view what, std::string_view bytes = {});

// What was noted since the last call, as lines.
std::string take();

}  // namespace grade::transcript
