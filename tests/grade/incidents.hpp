// What happens to the programs of a check besides what the check asks for. It tells a check that
// failed from one whose program crashed, hung, or had to be stopped.

#pragma once

#include <optional>
#include <string>

namespace grade::incidents {

struct Incidents {
  std::optional<std::string> crash;     // "the server was ended by SIGSEGV", and its last words
  std::optional<std::string> ran_away;  // "the server wrote more than 64 MB"
  bool waited_in_vain = false;          // something did not come for as long as there is patience
  bool needs_server = false;            // the check builds on a server that listens
  bool needs_client = false;            // and on a client that gets in touch
};

// A new check begins.
void clear();

Incidents& of_this_check();

// Of several only the first is told.
void crashed(const std::string& what);
void ran_away(const std::string& what);

}  // namespace grade::incidents
