// Deadlines: whose time comes next. One ordered set for all members: whoever has nothing to do
// costs nothing, however many there are.

#pragma once

#include <set>
#include <utility>

#include "clock.hpp"

// An Owner has a member `Time deadline`, which belongs to this class: kNever, or what is in the
// set.
template <typename Owner>
class Deadlines {
 public:
  void set(Owner& owner, Time time) {
    remove(owner);
    owner.deadline = time;
    if (time != kNever) set_.emplace(time, &owner);
  }

  // Earlier than it is, if it is later.
  void set_by(Owner& owner, Time time) {
    if (time < owner.deadline) set(owner, time);
  }

  void remove(Owner& owner) {
    if (owner.deadline != kNever) set_.erase({owner.deadline, &owner});
    owner.deadline = kNever;
  }

  Time earliest() const noexcept { return set_.empty() ? kNever : set_.begin()->first; }

  // The one whose time came first, or nullptr if nobody's has come.
  Owner* due(Time now) const noexcept { return earliest() <= now ? set_.begin()->second : nullptr; }

 private:
  std::set<std::pair<Time, Owner*>> set_;
};
