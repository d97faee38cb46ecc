// A folder whose files are in memory where that is possible, and on the disk otherwise: for what is
// done hundreds of times over, each time with an fsync() that a disk takes milliseconds for.

#pragma once

#include <string>
#include <string_view>

namespace grade {

class MemoryFolder {
 public:
  explicit MemoryFolder(std::string_view name);
  ~MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool mounted_;
};

}  // namespace grade
