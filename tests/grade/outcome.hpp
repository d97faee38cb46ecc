// Outcome: whether something holds and, if it does not, why. What a check asks of a program is a
// function that returns one, so that a failed CHECK prints the reason and not just `false`.

#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace grade {

class [[nodiscard]] Outcome {
 public:
  static Outcome holds() { return Outcome({}); }
  static Outcome fails(std::string why) { return Outcome(std::move(why)); }
  static Outcome of(bool holds, std::string why_not) {
    return holds ? Outcome::holds() : fails(std::move(why_not));
  }

  explicit operator bool() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }

 private:
  explicit Outcome(std::string why_not) : why_not_(std::move(why_not)) {}
  std::string why_not_;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << (outcome ? "holds" : outcome.why_not());
}

}  // namespace grade
