// What a running program has in its memory: /proc/PID/mem, see proc(5).

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace grade::memory {

// Whether the memory of a program that the grader has started may be read.
bool can_be_read(pid_t pid);

// Copies what is at an address of its memory; false if that cannot be had.
bool read(pid_t pid, std::size_t address, void* into, std::size_t size);

// Which of these texts are in memory that the program can write.
std::vector<std::string> find(pid_t pid, const std::vector<std::string>& texts);

}  // namespace grade::memory
