#include "strace.hpp"

#include <algorithm>

#include "lines.hpp"

namespace grade::strace {

std::vector<std::string> command(const std::string& calls, const std::string& file,
                                 const std::vector<std::string>& options) {
  // -f: threads and children as well; -yy: the name of a descriptor's file, and of a socket its
  // protocol, so that a runtime's own socketpair is none of the network's; -z: no failed calls.
  // The sanitizers' search for leaks cannot be done in a program that is traced.
  std::vector<std::string> command = {"env",    "ASAN_OPTIONS=detect_leaks=0",
                                      "strace", "-f",
                                      "-yy",    "-z",
                                      "-e",     "trace=" + calls,
                                      "-o",     file};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

std::vector<std::string> calls(const std::string& file) {
  std::vector<std::string> lines;
  for (const std::string& line : lines_of_file(file)) {
    const std::size_t call = line.find_first_not_of("0123456789 ");  // behind the thread's number
    if (call < line.size()) lines.push_back(line.substr(call));
  }
  return lines;
}

std::size_t calls_to_sockets(const std::string& file) {
  const std::vector<std::string> lines = calls(file);
  return static_cast<std::size_t>(std::ranges::count_if(lines, [](const std::string& call) {
    const std::string target = call.substr(0, call.find('>'));  // sendto(5<socket:[1234]
    return target.find("<socket:") != std::string::npos || target.find("<TCP") != std::string::npos;
  }));
}

}  // namespace grade::strace
