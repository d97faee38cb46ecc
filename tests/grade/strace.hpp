// A program's system calls, or some of them made to fail, by strace(1). Whether that can be done
// here, trace::is_possible() says.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace grade::strace {

// The command that a program is started with (see Setup::wrapper), so that each of these calls,
// "openat,write", is told in `file`. `options` come before the program.
std::vector<std::string> command(const std::string& calls, const std::string& file,
                                 const std::vector<std::string>& options = {});

// The calls that have succeeded, a line each, as strace shows them: `fsync(5</tmp/names.tsv>) = 0`.
std::vector<std::string> calls(const std::string& file);

// How many of them had a socket for their first argument.
std::size_t calls_to_sockets(const std::string& file);

}  // namespace grade::strace
