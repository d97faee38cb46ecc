#include "scratch.hpp"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "identity.hpp"

namespace grade::scratch {
namespace {

std::string root;
int folders = 0;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void fail_with_file(const std::string& what, const std::string& path) {
  const std::error_code error(errno, std::generic_category());
  throw std::filesystem::filesystem_error(what, path, error);
}

int remove_entry(const char* path, const struct stat* /*about*/, int /*type*/,
                 struct FTW* /*where*/) {
  return std::remove(path);
}

}  // namespace

void create() {
  const char* const parent = std::getenv("TMPDIR");
  std::string path = std::string(parent != nullptr ? parent : "/tmp") + "/grade.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) fail("mkdtemp " + path);
  root = path;
  // Programs go through it to their own folders, and see nothing of what else there is.
  if (::chmod(root.c_str(), 0711) != 0) fail("chmod " + root);
}

void enter(const std::string& name) {
  root += "/" + name;
  if (::mkdir(root.c_str(), 0711) != 0) fail("mkdir " + root);
}

const std::string& path() {
  return root;
}

void remove() {
  constexpr int kOpenFolders = 16;
  if (!root.empty()) ::nftw(root.c_str(), remove_entry, kOpenFolders, FTW_DEPTH | FTW_PHYS);
}

std::string folder(std::string_view name) {
  const std::string path = root + "/" + std::string(name) + "-" + std::to_string(++folders);
  if (::mkdir(path.c_str(), 0700) != 0) fail("mkdir " + path);
  identity::hand_over(path);
  return path;
}

std::string read_file(const std::string& path, std::size_t from) {
  std::string content;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // it may be a FIFO
  struct stat about {};
  const bool has_end = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);  // not /dev/full
  std::array<char, 65536> piece{};
  auto at = static_cast<off_t>(from);
  ssize_t size = has_end ? 1 : 0;
  while (size > 0) {
    size = ::pread(file, piece.data(), piece.size(), at);
    content.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    at += size;
  }
  ::close(file);
  return content;
}

// A program may have put something else in its place: a link to anywhere, a FIFO, a folder.
void write_file(const std::string& path, std::string_view content) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), kFlags, 0666);
  if (descriptor < 0) fail_with_file("open", path);
  identity::hand_over(descriptor);
  std::FILE* const file = ::fdopen(descriptor, "w");
  if (file == nullptr) fail("fdopen " + path);
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  if (std::fclose(file) != 0 || !written) fail("write " + path);
}

}  // namespace grade::scratch
