#include "workshop.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "identity.hpp"
#include "loop.hpp"
#include "process.hpp"
#include "scratch.hpp"

namespace grade {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 32 << 20;  // bytes of a file that is copied
constexpr int kMostFiles = 2000;

// Without what no program needs. A link is followed if it leads to a file.
void copy_folder(const fs::path& from, const fs::path& to) {
  int files = 0;
  auto entry =
      fs::recursive_directory_iterator(from, fs::directory_options::skip_permission_denied);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const fs::path target = to / fs::relative(entry->path(), from);
    if (entry->path().filename().string().starts_with(".")) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (entry->is_directory()) {
      fs::create_directory(target);
    } else if (entry->is_regular_file() && entry->file_size() <= kLargest &&
               ++files <= kMostFiles) {
      fs::copy_file(entry->path(), target);
      fs::last_write_time(target, entry->last_write_time());
    }
  }
}

// A folder that all may read and only the grader change.
void seal(const fs::path& folder) {
  constexpr auto kRead = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
  constexpr auto kRun = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  constexpr auto kFolder = kRead | kRun | fs::perms::owner_write;  // it is to be removed one day
  const auto seal_one = [](const fs::path& path, fs::perms mode) {
    [[maybe_unused]] const int done = ::lchown(path.c_str(), ::geteuid(), ::getegid());
    fs::permissions(path, mode);
  };
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink()) continue;
    const bool runs = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
    seal_one(entry.path(), entry.is_directory() ? kFolder : runs ? kRead | kRun : kRead);
  }
  seal_one(folder, kFolder);
}

// How each kind of source becomes a program. $1 is "server" or "client", and $2 the course's
// folder. A source that is older than the program has made it already.
constexpr char kScript[] = R"(
is_new() { [ -e "$1" ] && { [ ! -x "$role" ] || [ "$1" -nt "$role" ]; }; }
crypto=$(pkg-config --libs libcrypto 2>/dev/null)
role=$1 course=$2
if [ -e Makefile ] || [ -e makefile ]; then
  make "$role" || make
elif is_new "$role.cpp"; then
  shared=
  if grep -q '"shared/' ./*.cpp ./*.h ./*.hpp 2>/dev/null; then
    [ -d ../shared ] && course=..
    shared="$course/shared/*.cpp"
  fi
  ${CXX:-g++} -std=c++20 -O2 -g -pthread -I. -I"$course" "$role.cpp" $shared -o "$role" $crypto
elif is_new "$role.c"; then
  ${CC:-gcc} -std=gnu17 -O2 -g -pthread -I. "$role.c" -o "$role" $crypto
elif is_new "$role.py"; then
  rm -f "$role"
  printf '#!/bin/sh\nexec python3 "${0%%/*}/%s.py" "$@"\n' "$role" >"$role" && chmod 755 "$role"
else
  [ -x "$role" ]
fi
)";

// What was said, if it failed.
std::string build(const std::string& role, const fs::path& folder, const std::string& course) {
  constexpr std::chrono::minutes kLimit{2};
  Program builder("build", "/bin/sh",
                  {.arguments = {"-c", kScript, "build", role, course},
                   .folder = folder.string(),
                   .in = "/dev/null"});
  wait_until([&] { return builder.is_over(); }, kLimit);
  const auto ending = builder.ending();
  if (!ending) return "the build of `" + role + "` did not end\n";
  return ending->code == 0 && ending->signal == 0 ? "" : builder.out().all() + builder.err().all();
}

std::string program_in(const fs::path& folder, const std::string& role) {
  const fs::path program = folder / role;
  return fs::is_regular_file(program) && ::access(program.c_str(), X_OK) == 0 ? program.string()
                                                                              : "";
}

}  // namespace

Workpiece prepare(const std::string& folder, const std::string& course) {
  if (folder.empty()) return {};
  // As in a course, `shared` is beside the lab's folder.
  const fs::path place = scratch::folder("submission");
  const fs::path copy = place / "lab";
  fs::create_directory(copy);
  copy_folder(folder, copy);
  for (const fs::path& shared : {fs::path(folder) / ".." / "shared", fs::path(course) / "shared"}) {
    if (fs::is_directory(place / "shared") || !fs::is_directory(shared)) continue;
    fs::create_directory(place / "shared");
    copy_folder(shared, place / "shared");
  }
  identity::hand_over(place.string());

  Workpiece made;
  for (const std::string role : {"server", "client"}) {
    made.words += build(role, copy, "..");
    (role == "server" ? made.server : made.client) = program_in(copy, role);
  }
  seal(place);
  return made;
}

}  // namespace grade
