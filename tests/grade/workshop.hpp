// From what somebody hands in to programs that can be started.

#pragma once

#include <string>

namespace grade {

struct Workpiece {
  std::string server;  // a file that can be run; empty if there is none
  std::string client;
  std::string words;  // what was not copied, and what the compiler said, if it failed
};

// Copies a lab's folder into one of the grader's, and builds in it what has to be built, as the
// user that the programs are. Then nobody but the grader can change it.
//
// The folder's own files are all copied but for very large ones; in its folders there may be too
// many. Links to folders, and what is no file, stay behind.
//
// A program is `server` itself, or server.cpp, server.c or server.py, if those are newer. A
// Makefile in the folder makes what it makes first.
Workpiece prepare(const std::string& folder, const std::string& course);

}  // namespace grade
