#include "incoming.hpp"

#include <algorithm>

#include "loop.hpp"
#include "text.hpp"

namespace grade {

Outcome Incoming::brings(std::string_view expected) {
  std::size_t same = 0;  // that many bytes have been compared
  const auto is_certain = [&] {
    const std::size_t there = std::min(rest().size(), expected.size());
    if (rest().substr(same, there - same) != expected.substr(same, there - same)) return true;
    same = there;
    return same == expected.size() || finished();
  };
  wait_until(is_certain, [this] { return all_.size(); });
  const std::string_view came = rest().substr(0, expected.size());
  const std::string difference = first_difference(expected, came);
  if (difference.empty()) take(expected.size());
  const std::string then = came.size() == expected.size() ? ""
                           : finished()                   ? "\nthen the end: " + end()
                                                          : "\nand nothing more";
  return Outcome::of(difference.empty(), difference + then);
}

Outcome Incoming::closes() {
  wait_until([&] { return finished() || !rest().empty(); });
  if (!rest().empty())
    return Outcome::fails("the end was expected, \"" + excerpt(rest()) + "\" came");
  if (!finished()) return Outcome::fails("the end was expected, and did not come");
  return Outcome::of(end() == "closed", "a close was expected, it was " + end());
}

Outcome Incoming::is_over() {
  const bool over = wait_until([&] { return finished(); });
  taken_ = all_.size();
  return Outcome::of(over, "the end was expected, and did not come");
}

std::optional<std::string> Incoming::until(std::string_view mark) {
  std::size_t searched = taken_;
  std::size_t found = std::string::npos;
  wait_until([&] {
    found = all_.find(mark, searched);
    searched = std::max(taken_, all_.size() - std::min(all_.size(), mark.size()));
    return found != std::string::npos || finished();
  });
  if (found == std::string::npos) return std::nullopt;
  std::string before = all_.substr(taken_, found - taken_);
  taken_ = found + mark.size();
  return before;
}

Outcome Incoming::has(std::size_t bytes) const {
  const auto is_certain = [&] {
    return rest().size() >= bytes || finished();
  };
  wait_until(is_certain, [this] { return all_.size(); });
  return Outcome::of(rest().size() >= bytes, std::to_string(bytes) + " bytes were expected, " +
                                                 std::to_string(rest().size()) + " came" +
                                                 (finished() ? ", and then the end" : ""));
}

}  // namespace grade
