#include "workshop.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "errors.hpp"
#include "identity.hpp"
#include "loop.hpp"
#include "process.hpp"
#include "scratch.hpp"
#include "submission.hpp"

namespace grade {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 200 << 20;  // bytes of a file that is copied
constexpr int kMostFiles = 2000;                // in the folders of a folder

// Files that stay behind, by the reason.
using LeftOut = std::map<std::string, std::vector<std::string>>;

std::string words_of(const LeftOut& left_out) {
  constexpr std::size_t kMostNames = 3;
  std::string words;
  for (const auto& [reason, names] : left_out) {
    words += "not copied, " + reason + ":";
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) words += " " + names[i];
    if (names.size() > kMostNames) {
      words += " and " + std::to_string(names.size() - kMostNames) + " more";
    }
    words += '\n';
  }
  return words;
}

// Whether this is a link to something that was not handed in: as root one could read all there is.
bool leads_out(const fs::directory_entry& entry) {
  std::error_code error;
  if (submission::folder().empty() || !entry.is_symlink(error)) return false;
  const fs::path handed_in = fs::canonical(submission::folder(), error);
  const fs::path way = fs::canonical(entry.path(), error).lexically_relative(handed_in);
  return way.empty() || *way.begin() == "..";
}

// Copies a folder without what no program needs. A link is followed if it leads to a file.
class Copier {
 public:
  // Returns what was left out, in words.
  std::string copy(const fs::path& from, const fs::path& to) {
    from_ = from;
    to_ = to;
    // The folder's own files come first: those of its folders may be too many.
    folders_ = {{}};
    for (std::size_t i = 0; i < folders_.size(); ++i) copy_entries(folders_[i]);
    return words_of(left_out_);
  }

 private:
  void copy_entries(const fs::path& folder) {
    constexpr auto kOptions = fs::directory_options::skip_permission_denied;
    std::error_code error;
    fs::directory_iterator entry(from_ / folder, kOptions, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path name = folder / entry->path().filename();
      std::error_code ignored;  // of a link that leads nowhere
      if (entry->path().filename().string().starts_with(".")) continue;
      if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
        folders_.push_back(name);
        fs::create_directory(to_ / name, ignored);
      } else if (entry->is_regular_file(ignored)) {
        if (leads_out(*entry)) {
          left_out_["a link to what was not handed in"].push_back(name.string());
          continue;
        }
        const std::string why_not = copy_file(*entry, to_ / name, folder.empty());
        if (!why_not.empty()) left_out_[why_not].push_back(name.string());
      }
    }
  }

  // Returns why it cannot be copied.
  std::string copy_file(const fs::directory_entry& file, const fs::path& target, bool is_own) {
    std::error_code error;
    if (file.file_size(error) > kLargest) return "larger than 200 MB";
    if (!is_own && ++files_ > kMostFiles) return "beyond 2000 files in folders";
    fs::copy_file(file.path(), target, error);
    if (is_the_machines(error)) throw fs::filesystem_error("copy", file.path(), error);
    if (error) return error.message();
    fs::last_write_time(target, file.last_write_time(error), error);
    return "";
  }

  fs::path from_, to_;
  std::deque<fs::path> folders_;  // as seen from there; the first is the folder itself
  int files_ = 0;
  LeftOut left_out_;
};

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
  case $(head -c 2 "$role" 2>/dev/null) in '#!') make ;; esac  # what the script starts
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
  std::error_code ignored;
  return fs::is_regular_file(program, ignored) && ::access(program.c_str(), X_OK) == 0
             ? program.string()
             : "";
}

// Makes both programs in `place`, a folder that is still empty.
Workpiece make_in(const fs::path& place, const std::string& folder, const std::string& course) {
  Workpiece made;
  // As in a course, `shared` is beside the lab's folder.
  const fs::path copy = place / "lab";
  fs::create_directory(copy);
  made.words = Copier().copy(folder, copy);
  for (const fs::path& shared : {fs::path(folder) / ".." / "shared", fs::path(course) / "shared"}) {
    std::error_code ignored;
    if (fs::is_directory(place / "shared") || !fs::is_directory(shared, ignored)) continue;
    fs::create_directory(place / "shared");
    made.words += Copier().copy(shared, place / "shared");
  }
  identity::hand_over(place.string());

  for (const std::string role : {"server", "client"}) {
    made.words += build(role, copy, "..");
    (role == "server" ? made.server : made.client) = program_in(copy, role);
  }
  seal(place);
  return made;
}

}  // namespace

Workpiece prepare(const std::string& folder, const std::string& course) {
  if (folder.empty()) return {};
  try {
    return make_in(scratch::folder("submission"), folder, course);
  } catch (const fs::filesystem_error& error) {
    if (is_the_machines(error.code())) throw;
    return {.server = "", .client = "", .words = error.what() + std::string("\n")};
  }
}

}  // namespace grade
