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

// What was noted, as lines, and since the last call of take().
std::string text();
std::string take();

// Something to try by hand what a program was asked: a line for a shell; empty if nothing was.
std::string by_hand();

}  // namespace grade::transcript
