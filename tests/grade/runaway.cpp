#include "runaway.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include "identity.hpp"
#include "proc.hpp"
#include "scratch.hpp"

namespace grade {
namespace {

constexpr rlim_t kMegabyte = rlim_t{1} << 20;
constexpr std::size_t kMostMemory = 1024;  // megabytes, of a program and all it has started
constexpr std::size_t kMostProcesses = 150;
constexpr rlim_t kMostTasks = 300;  // processes and threads

// All that the user has, whichever program it belongs to.
rlim_t count_tasks() {
  rlim_t tasks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    struct stat about {};
    const std::string path = entry.path().string();
    if (::stat(path.c_str(), &about) != 0 || about.st_uid != ::geteuid()) continue;
    const std::string status = scratch::read_file(path + "/status");
    const std::size_t threads = status.find("Threads:");
    if (threads == std::string::npos) continue;
    tasks += std::strtoul(status.c_str() + threads + std::strlen("Threads:"), nullptr, 10);
  }
  return tasks;
}

// The system counts all that a user has. If that is not the programs alone, there is room for them
// besides what there was when the grader started.
const rlim_t kTasksOfOthers = count_tasks();

rlim_t most_tasks() {
  return kMostTasks + (identity::is_other() ? 0 : kTasksOfOthers);
}

void set(__rlimit_resource resource, rlim_t most) {
  rlimit limits{};
  ::getrlimit(resource, &limits);
  limits.rlim_max = std::min(limits.rlim_max, most);
  limits.rlim_cur = std::min(limits.rlim_cur, limits.rlim_max);
  ::setrlimit(resource, &limits);
}

// What is resident, which the second number of /proc/PID/statm tells in pages.
std::size_t megabytes(const std::vector<pid_t>& family) {
  std::size_t pages = 0;
  for (const pid_t member : family) {
    const auto numbers =
        proc::split(scratch::read_file("/proc/" + std::to_string(member) + "/statm"));
    if (numbers.size() > 1) pages += std::strtoul(numbers[1].c_str(), nullptr, 10);
  }
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / kMegabyte;
}

}  // namespace

void set_limits(bool with_sanitizer) {
  constexpr rlim_t kMinute = 60;
  set(RLIMIT_CORE, 0);
  set(RLIMIT_CPU, kMinute);
  set(RLIMIT_FSIZE, 256 * kMegabyte);
  set(RLIMIT_NPROC, most_tasks());
  if (!with_sanitizer) set(RLIMIT_DATA, 4 * kMostMemory * kMegabyte);
}

bool is_sanitized(const std::string& executable) {
  static std::map<std::string, bool> known;
  const auto [entry, is_new] = known.try_emplace(executable, false);
  if (is_new) {
    const std::string program = scratch::read_file(executable);
    entry->second = program.find("__asan_init") != std::string::npos ||
                    program.find("__tsan_init") != std::string::npos;
  }
  return entry->second;
}

std::string why_runaway(pid_t pid) {
  const std::vector<pid_t> family = proc::family(pid);
  if (family.size() > kMostProcesses) return "has " + std::to_string(family.size()) + " processes";
  const std::size_t used = megabytes(family);
  return used > kMostMemory ? "uses " + std::to_string(used) + " MB of memory" : "";
}

}  // namespace grade
