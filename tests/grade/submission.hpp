// Which programs are graded: one lab's folder, or a course's with a folder for each lab.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grade {

struct Lab {
  int number;
  std::string_view name;  // "lab3_config"

  bool has_log() const { return number >= 4; }   // of service messages
  bool moves_on() const { return number >= 5; }  // from a busy port
};

inline constexpr Lab kLabs[] = {{1, "lab1_echo"},     {2, "lab2_persistent"}, {3, "lab3_config"},
                                {4, "lab4_logfile"},  {5, "lab5_autoport"},   {6, "lab6_identify"},
                                {7, "lab7_auth"},     {8, "lab8_framing"},    {9, "lab9_dialog"},
                                {10, "lab10_udpchat"}};

namespace submission {

// The grader's own program file, wherever a process of it is.
inline const std::string kGrader = "/proc/self/exe";

// The folder that the course is in: the grader stands in its tests/grade. Empty if it was copied
// elsewhere.
const std::string& course();

// Grades what is in this folder instead of the labs beside the grader.
void set_folder(const std::string& folder);

// The folder that was set, whole; empty for the course's own labs.
const std::string& folder();

// The lab that this is, going by its name, "lab3" or "lab3_config"; 0 for a course's folder;
// nothing if it is one lab's, and nobody knows which.
std::optional<int> lab_of_folder();

// Where a lab's `server` and `client` are, in whatever form; empty if the lab is not there.
std::string folder_of(const Lab& lab);

// A file that runs as a lab's "server" or "client", in a copy of its folder that the programs can
// only read. The first call makes the copy, and builds what is there as source alone. Empty if
// there is no such program.
std::string program_of(const Lab& lab, const std::string& role);

// What the compiler said of a program that could not be built; empty if all went well.
const std::string& build_words(const Lab& lab);

}  // namespace submission
}  // namespace grade
