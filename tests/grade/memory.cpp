#include "memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string_view>

#include "scratch.hpp"

namespace grade::memory {
namespace {

constexpr std::size_t kMost = std::size_t{256}
                              << 20;  // bytes of one region; sanitizers have larger

struct Region {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The rows of /proc/PID/maps are "7ffc8000-7ffca000 rw-p ...".
std::vector<Region> writable_regions(pid_t pid) {
  std::vector<Region> regions;
  std::istringstream rows(scratch::read_file("/proc/" + std::to_string(pid) + "/maps"));
  for (std::string row; std::getline(rows, row);) {
    std::istringstream fields(row);
    Region region;
    char dash = 0;
    std::string mode;
    fields >> std::hex >> region.begin >> dash >> region.end >> mode;
    if (mode.starts_with("rw") && region.end - region.begin <= kMost) regions.push_back(region);
  }
  return regions;
}

int open_memory(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/mem";
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

}  // namespace

bool can_be_read(pid_t pid) {
  const int memory = open_memory(pid);
  char byte = 0;
  const std::vector<Region> regions = writable_regions(pid);
  const bool read = memory >= 0 && !regions.empty() &&
                    ::pread(memory, &byte, 1, static_cast<off_t>(regions[0].begin)) == 1;
  ::close(memory);
  return read;
}

bool read(pid_t pid, std::size_t address, void* into, std::size_t size) {
  const int memory = open_memory(pid);
  const bool whole = memory >= 0 && ::pread(memory, into, size, static_cast<off_t>(address)) ==
                                        static_cast<ssize_t>(size);
  ::close(memory);
  return whole;
}

std::vector<std::string> find(pid_t pid, const std::vector<std::string>& texts) {
  std::vector<std::string> found;
  const int memory = open_memory(pid);
  for (const Region& region : writable_regions(pid)) {
    std::string content(region.end - region.begin, '\0');
    const ssize_t size =
        ::pread(memory, content.data(), content.size(), static_cast<off_t>(region.begin));
    content.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    for (const std::string& text : texts) {
      if (content.find(text) != std::string::npos) found.push_back(text);
    }
  }
  ::close(memory);
  return found;
}

}  // namespace grade::memory
