#include "submission.hpp"

#include <filesystem>

namespace grade::submission {
namespace {

// Looked up before main(): in a namespace that it enters later it may not find itself any more.
const std::string kGraderPath = std::filesystem::read_symlink("/proc/self/exe").string();

std::filesystem::path chosen;

// The grader stands in tests/grade, the labs two folders above.
std::filesystem::path course() {
  if (!chosen.empty()) return chosen;
  return std::filesystem::path(kGraderPath).parent_path() / ".." / "..";
}

bool has_program(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(folder / "server") ||
         std::filesystem::is_regular_file(folder / "client");
}

}  // namespace

const std::string& grader() {
  return kGraderPath;
}

void set_folder(const std::string& folder) {
  chosen = std::filesystem::canonical(folder);
}

std::string folder_of(const Lab& lab) {
  if (has_program(course())) return course().string();
  const std::string prefix = "lab" + std::to_string(lab.number) + "_";
  for (const auto& entry : std::filesystem::directory_iterator(course())) {
    if (entry.path().filename().string().starts_with(prefix))
      return entry.path().lexically_normal().string();
  }
  return {};
}

}  // namespace grade::submission
