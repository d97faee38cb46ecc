// Which user the programs under test are. Root starts them as a user that nobody else is, so that
// they can neither read what is the grader's nor do anything to it.

#pragma once

#include <sys/types.h>

#include <string>

namespace grade::identity {

// Whether programs are another user than the grader.
bool is_other();

// That user's number, which is the group's as well; the grader's own if it is not root.
uid_t of_programs();

// Makes a file, or a folder with all that is in it, the programs' own.
void hand_over(const std::string& path);
void hand_over(int descriptor);

// In a child of the grader, before exec(): from here on it is that user, for ever.
void assume();

}  // namespace grade::identity
