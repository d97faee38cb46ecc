#include "submission.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>

#include "workshop.hpp"

namespace grade::submission {
namespace {

namespace fs = std::filesystem;

// A link that leads nowhere is neither.
bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Looked up before main(): in a namespace that it enters later it may not find itself any more.
const std::string kCourse = [] {
  std::error_code ignored;  // started as another user it may have no way there, and needs none
  const fs::path grader = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path folder = (grader.parent_path() / ".." / "..").lexically_normal();
  return is_folder(folder / kLabs[0].name) ? folder.string() : std::string();
}();

std::string chosen;

bool is_lab(const fs::path& folder) {
  return folder.filename().string().starts_with("lab") && is_folder(folder);
}

// A Makefile may make them of any language's sources. That of a whole course has labs beside it.
bool has_makefile(const fs::path& folder) {
  if (!is_file(folder / "Makefile") && !is_file(folder / "makefile")) return false;
  return std::ranges::none_of(fs::directory_iterator(folder),
                              [](const auto& entry) { return is_lab(entry.path()); });
}

bool has_program(const fs::path& folder) {
  if (has_makefile(folder)) return true;
  for (const std::string role : {"server", "client"}) {
    for (const char* ending : {"", ".cpp", ".c", ".py"}) {
      if (is_file(folder / (role + ending))) return true;
    }
  }
  return false;
}

const Workpiece& workpiece_of(const Lab& lab) {
  static std::map<int, Workpiece> made;
  const auto [entry, is_new] = made.try_emplace(lab.number);
  if (is_new) entry->second = prepare(folder_of(lab), kCourse);
  return entry->second;
}

}  // namespace

const std::string& course() {
  return kCourse;
}

void set_folder(const std::string& folder) {
  std::error_code error;
  chosen = fs::canonical(folder, error).string();
  if (error || !is_folder(chosen)) throw std::invalid_argument(folder + " is no folder");
}

const std::string& folder() {
  return chosen;
}

std::optional<int> lab_of_folder() {
  if (chosen.empty() || !has_program(chosen)) return 0;
  const std::string name = fs::path(chosen).filename().string();
  for (const Lab& lab : kLabs) {
    const std::string begin = "lab" + std::to_string(lab.number);
    if (name == begin || name.starts_with(begin + "_")) return lab.number;
  }
  return std::nullopt;
}

std::string folder_of(const Lab& lab) {
  const fs::path where = chosen.empty() ? kCourse : chosen;
  if (where.empty()) return {};
  if (has_program(where)) return where.string();
  const std::string name = "lab" + std::to_string(lab.number);
  for (const auto& entry : fs::directory_iterator(where)) {
    const std::string found = entry.path().filename().string();
    const bool fits = found == name || found.starts_with(name + "_");
    if (fits && is_folder(entry.path())) return entry.path().lexically_normal().string();
  }
  return {};
}

std::string program_of(const Lab& lab, const std::string& role) {
  const Workpiece& workpiece = workpiece_of(lab);
  return role == "server" ? workpiece.server : workpiece.client;
}

const std::string& build_words(const Lab& lab) {
  return workpiece_of(lab).words;
}

}  // namespace grade::submission
