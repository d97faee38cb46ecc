// How often a password may be guessed: after kMaxTries wrong ones for a name within a minute,
// none is looked at for a minute, wherever it comes from.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

class Throttle {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxTries = 5;
  static constexpr std::chrono::minutes kTime{1};

  // Whether a password for `name` may be tried at `now`. A try that is let in counts as wrong
  // from then on: who guesses over many connections at once does not get more of them.
  bool admit(const std::string& name, Clock::time_point now) {
    std::vector<Clock::time_point>& tries = tries_[name];
    if (tries.size() >= kMaxTries) {
      if (now - tries.back() < kTime) return false;
      tries.clear();
    }
    std::erase_if(tries, [now](Clock::time_point time) { return now - time >= kTime; });
    tries.push_back(now);
    return true;
  }

  // The try that was let in at `time` has turned out to be right.
  void forgive(const std::string& name, Clock::time_point time) {
    const auto entry = tries_.find(name);
    if (entry == tries_.end()) return;
    std::vector<Clock::time_point>& tries = entry->second;
    const auto found = std::ranges::find(tries, time);
    if (found != tries.end()) tries.erase(found);
    if (tries.empty()) tries_.erase(entry);
  }

 private:
  std::map<std::string, std::vector<Clock::time_point>> tries_;  // names of users alone
};
