// What a program writes, write() by write(), told by strace(1) where that is installed and allowed.

#pragma once

#include <string>
#include <vector>

namespace grade::trace {

bool is_possible();

// The command that a program is started with (see Setup::wrapper) so that each of its writes is
// told in `file`.
std::vector<std::string> command(const std::string& file);

// What it wrote into files of this name, and to its standard error: a string for each write, as
// strace shows it, with \n for a newline.
std::vector<std::string> writes_into(const std::string& name, const std::string& file);
std::vector<std::string> writes_to_stderr(const std::string& file);

}  // namespace grade::trace
