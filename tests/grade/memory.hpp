// What a running program has in its memory: /proc/PID/mem, see proc(5).

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace grade::memory {

// Whether the memory of a program that the grader has started may be read.
bool can_be_read(pid_t pid);

// Which of these texts are in memory that the program can write.
std::vector<std::string> find(pid_t pid, const std::vector<std::string>& texts);

}  // namespace grade::memory
