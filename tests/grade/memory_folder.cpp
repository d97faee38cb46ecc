#include "memory_folder.hpp"

#include <sys/mount.h>

#include "network.hpp"
#include "scratch.hpp"

namespace grade {

// With a network of its own the grader has a mount namespace of its own, too: see network.cpp.
MemoryFolder::MemoryFolder(std::string_view name)
    : path_(scratch::folder(name)),
      mounted_(network::is_private() &&
               ::mount("tmpfs", path_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") == 0) {}

MemoryFolder::~MemoryFolder() {
  if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
}

}  // namespace grade
