#include "proc.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "scratch.hpp"

namespace grade::proc {
namespace {

std::string folder(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

// The names in a folder that are numbers, which all are in /proc/PID/fd and /proc/PID/task.
std::vector<std::string> numbers_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(path.c_str()), ::closedir);
  if (!entries) return names;  // the process is gone
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

std::string target_of_link(const std::string& link) {
  std::array<char, 4096> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

pid_t to_pid(const std::string& text) {
  return static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
}

// The fields of /proc/PID/stat from the third, the state, on. The second is the program's name in
// parentheses, which may hold spaces and parentheses itself.
std::vector<std::string> stat(pid_t pid) {
  const std::string line = scratch::read_file(folder(pid) + "/stat");
  return split(line.substr(std::min(line.size(), line.rfind(')') + 1)));
}

// Of all threads of the family, as stat() has them: 'R', 'S', 'T' and so on.
std::string states(pid_t pid) {
  std::string found;
  for (const pid_t member : family(pid)) {
    for (const std::string& thread : threads(member)) {
      const std::vector<std::string> fields = stat(to_pid(thread));
      if (!fields.empty()) found += fields[0];
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> split(const std::string& text) {
  constexpr const char* kSpace = " \n";
  std::vector<std::string> words;
  std::size_t begin = text.find_first_not_of(kSpace);
  while (begin != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return words;
}

std::vector<std::string> threads(pid_t pid) {
  return numbers_in(folder(pid) + "/task");
}

std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> found;
  const std::string tasks = folder(pid) + "/task";
  for (const std::string& thread : threads(pid)) {
    for (const std::string& child : split(scratch::read_file(tasks + "/" + thread + "/children"))) {
      found.push_back(to_pid(child));
    }
  }
  return found;
}

std::vector<pid_t> family(pid_t pid) {
  std::vector<pid_t> found = {pid};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const pid_t child : children(found[i])) found.push_back(child);
  }
  return found;
}

std::vector<std::string> descriptors(pid_t pid) {
  std::vector<std::string> found;
  const std::string path = folder(pid) + "/fd";
  for (const std::string& number : numbers_in(path)) {
    std::string target = target_of_link(path + "/" + number);
    if (!target.empty()) found.push_back(std::move(target));
  }
  return found;
}

std::string target_of(pid_t pid, int descriptor) {
  return target_of_link(folder(pid) + "/fd/" + std::to_string(descriptor));
}

std::size_t lowest_free_descriptor(pid_t pid) {
  const std::vector<std::string> used = numbers_in(folder(pid) + "/fd");
  std::size_t lowest = 0;
  while (std::find(used.begin(), used.end(), std::to_string(lowest)) != used.end()) ++lowest;
  return lowest;
}

std::size_t count_descriptors(pid_t pid) {
  std::size_t count = 0;
  for (const pid_t member : family(pid)) count += descriptors(member).size();
  return count;
}

std::size_t count_zombies(pid_t pid) {
  std::size_t count = 0;
  for (const pid_t member : family(pid)) {
    const std::vector<std::string> fields = stat(member);
    if (!fields.empty() && fields[0] == "Z") ++count;
  }
  return count;
}

double cpu_seconds(pid_t pid) {
  constexpr std::size_t kUserTime = 14 - 3;  // the 14th field of all
  constexpr std::size_t kSystemTime = 15 - 3;
  double ticks = 0;
  for (const pid_t member : family(pid)) {
    const std::vector<std::string> fields = stat(member);
    if (fields.size() <= kSystemTime) continue;
    ticks += std::strtod(fields[kUserTime].c_str(), nullptr);
    ticks += std::strtod(fields[kSystemTime].c_str(), nullptr);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

bool wants_processor(pid_t pid) {
  return std::ranges::any_of(states(pid), [](char state) { return state == 'R'; });
}

bool is_stopped(pid_t pid) {
  return std::ranges::none_of(states(pid), [](char state) {
    return std::string_view("TtZX").find(state) == std::string_view::npos;
  });
}

}  // namespace grade::proc
