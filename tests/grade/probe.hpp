// The simplest things that are asked of a lab's programs, tried once a check has failed: if not
// even they come about, other checks need not wait for them again and again. And whether what is
// missing in a pipe is there on a terminal, which tells output that is held back from output that
// is none.

#pragma once

#include <optional>
#include <string>

#include "submission.hpp"

namespace grade::probe {

struct Finding {
  bool works = true;                // the server listens, the client gets in touch
  bool held_back = false;           // it says nothing in a pipe, and something on a terminal
  bool on_standard_output = false;  // its messages are there and not on standard error
  std::string reason;               // why it does not work
};

// Tries, at the first call for a lab and a role.
const Finding& of(const Lab& lab, const std::string& role);

// That it does not work is known already, and why.
std::optional<std::string> known_reason(const Lab& lab, const std::string& role);

}  // namespace grade::probe
