// Incoming: the bytes that have come from a program's output or from a peer, and how far a check
// has got in them. A check takes them in order, so nothing that should not be there is overlooked.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "outcome.hpp"

namespace grade {

class Incoming {
 public:
  void append(std::string_view bytes) { all_ += bytes; }
  void finish(std::string how) { end_ = std::move(how); }

  // Everything that ever came, and what no check has taken yet.
  const std::string& all() const { return all_; }
  std::string_view rest() const { return std::string_view(all_).substr(taken_); }

  // "closed" or "reset", once nothing more can come.
  bool finished() const { return end_.has_value(); }
  const std::string& end() const { return *end_; }

  // Each of these waits until it is certain, and takes the bytes that it is about.
  Outcome brings(std::string_view expected);  // the next bytes are these
  Outcome closes();                           // nothing more comes, and the end is a close
  Outcome is_over();  // the end comes, in whatever way, after whatever bytes

  // What comes before `mark`, which is taken as well; std::nullopt if it never comes.
  std::optional<std::string> until(std::string_view mark);

  // Waits until that many bytes have come that were not taken, and leaves them there.
  Outcome has(std::size_t bytes) const;
  void take(std::size_t bytes) { taken_ += bytes; }

 private:
  std::string all_;
  std::size_t taken_ = 0;
  std::optional<std::string> end_;
};

}  // namespace grade
