// The system calls of a program, by strace(1), where that is installed and allowed.

#pragma once

#include <string>
#include <vector>

namespace grade::trace {

bool is_possible();

// The command that a program is started with (see Setup::wrapper) so that each of its writes is
// told in `file`.
std::vector<std::string> command(const std::string& file);

// What it wrote into files of this name, a string for each write, as strace shows it.
std::vector<std::string> writes_into(const std::string& name, const std::string& file);

}  // namespace grade::trace
