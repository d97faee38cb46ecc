#include "trace.hpp"

#include <cstddef>
#include <string_view>
#include <system_error>

#include "process.hpp"
#include "strace.hpp"

namespace grade::trace {
namespace {

// `write(3</tmp/server.log>, "2026-...\n", 60) = 60`: the text, if the call is about such a target.
std::vector<std::string> writes_to(std::string_view target, const std::string& file) {
  std::vector<std::string> writes;
  for (const std::string& call : strace::calls(file)) {
    const std::size_t begin = call.find(">, ");
    if (begin == std::string::npos) continue;
    // A script that starts an interpreter may silence the tools that it uses.
    if (call.find("</dev/null>, ") < begin + 1) continue;
    if (call.find(target) < begin + 1) writes.push_back(call.substr(begin + 3));
  }
  return writes;
}

}  // namespace

bool is_possible() {
  static const bool possible = [] {
    try {
      Program program("strace", "/bin/true", {.wrapper = command("/dev/null")});
      return static_cast<bool>(program.exits(0));
    } catch (const std::system_error&) {
      return false;  // it is not installed
    }
  }();
  return possible;
}

std::vector<std::string> command(const std::string& file) {
  constexpr const char* kEnoughForALine = "10000";  // bytes of each text
  return strace::command("write,writev,pwrite64,pwritev", file, {"-s", kEnoughForALine});
}

std::vector<std::string> writes_into(const std::string& name, const std::string& file) {
  return writes_to("/" + name + ">", file);
}

std::vector<std::string> writes_to_stderr(const std::string& file) {
  return writes_to("(2<", file);
}

}  // namespace grade::trace
