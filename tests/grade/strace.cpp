#include "strace.hpp"

#include <algorithm>

#include "scratch.hpp"

namespace grade::strace {

std::vector<std::string> command(const std::string& calls, const std::string& file,
                                 const std::vector<std::string>& options) {
  // -f: threads and children as well; -y: the name of a descriptor's file; -z: no failed calls.
  // The sanitizers' search for leaks cannot be done in a program that is traced.
  std::vector<std::string> command = {"env",    "ASAN_OPTIONS=detect_leaks=0",
                                      "strace", "-f",
                                      "-y",     "-z",
                                      "-e",     "trace=" + calls,
                                      "-o",     file};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

std::vector<std::string> calls(const std::string& file) {
  const std::string text = scratch::read_file(file);
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    const std::size_t call = text.find_first_not_of("0123456789 ", begin);  // behind the thread
    if (call < end) lines.push_back(text.substr(call, end - call));
  }
  return lines;
}

std::size_t calls_to_sockets(const std::string& file) {
  const std::vector<std::string> lines = calls(file);
  return static_cast<std::size_t>(std::ranges::count_if(lines, [](const std::string& call) {
    const std::string target = call.substr(0, call.find('>'));  // sendto(5<socket:[1234]
    return target.find("<socket:") != target.npos || target.find("<TCP") != target.npos;
  }));
}

}  // namespace grade::strace
