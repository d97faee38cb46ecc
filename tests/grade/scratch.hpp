// Folders that programs run in. All of them are in one, which is gone when the grader ends.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace grade::scratch {

// Makes the folder that all others are in. The last thing of all is to remove it.
void create();
void remove();

const std::string& path();

// From now on, in this process: folders are in one of this name in that.
void enter(const std::string& name);

// A new empty folder whose name begins with `name`.
std::string folder(std::string_view name);

// What stands in a file from byte `from` on; empty if it is not there.
std::string read_file(const std::string& path, std::size_t from = 0);
void write_file(const std::string& path, std::string_view content);

}  // namespace grade::scratch
