// What /proc says of processes. See proc(5).

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace grade::proc {

// The words of a line: most files in /proc are made of them.
std::vector<std::string> split(const std::string& text);

// A process and all that descend from it: a program may be a script that starts the real one.
std::vector<pid_t> family(pid_t pid);
std::vector<pid_t> children(pid_t pid);

// The numbers of its threads, the first of which is its own.
std::vector<std::string> threads(pid_t pid);

// What each descriptor of a process leads to: "socket:[1234]", "/tmp/server.log".
std::vector<std::string> descriptors(pid_t pid);

// What one descriptor leads to; empty if it is closed.
std::string target_of(pid_t pid, int descriptor);

// The descriptor that the next open() or accept() of a process will get.
std::size_t lowest_free_descriptor(pid_t pid);

// Of the whole family.
std::size_t count_descriptors(pid_t pid);
std::size_t count_zombies(pid_t pid);
double cpu_seconds(pid_t pid);
bool wants_processor(pid_t pid);  // runs, or stands in line for it
bool is_stopped(pid_t pid);       // all of it, by SIGSTOP

}  // namespace grade::proc
