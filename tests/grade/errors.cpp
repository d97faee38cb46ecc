#include "errors.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>

#include "diagnosis.hpp"

namespace grade {

ProgramFails::ProgramFails(const std::string& what) : std::runtime_error(what) {
  diagnosis::remember();  // the programs are gone when somebody catches it
}

bool is_the_machines(const std::error_code& error) {
  constexpr std::array kUsedUp = {std::errc::no_space_on_device, std::errc::io_error,
                                  std::errc::not_enough_memory, std::errc::too_many_files_open,
                                  std::errc::too_many_files_open_in_system};
  return std::ranges::any_of(kUsedUp, [&](std::errc condition) { return error == condition; });
}

bool is_the_graders(const std::exception& error) {
  if (const auto* of_file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return is_the_machines(of_file->code());
  }
  return dynamic_cast<const std::system_error*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
}

}  // namespace grade
