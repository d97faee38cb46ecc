// Which user the programs under test are. Root starts them as a user that nobody else is, so that
// they can neither read what is the grader's nor do anything to it.

#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace grade::identity {

// Whether programs are another user than the grader.
bool is_other();

// Another one for this process and its children, of those that this grader has: 0 to 1023.
void become_number(unsigned chosen);

// That user's number, which is the group's as well; the grader's own if it is not root.
uid_t of_programs();

// Whether programs obey the modes of files, which root need not: see capabilities(7).
bool obeys_modes();

// Makes a file, or a folder with all that is in it, the programs' own.
void hand_over(const std::string& path);
void hand_over(int descriptor);

// Does something in a child that is that user, and returns what came of it.
bool as_programs(const std::function<bool()>& action);

// In a child of the grader, before exec(): from here on it is that user, for ever.
void assume();

}  // namespace grade::identity
