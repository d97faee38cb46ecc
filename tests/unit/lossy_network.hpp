// A network in which only the time is simulated: it delivers, in the order of their arrival, what
// it has not lost; it doubles some of it and lets some of it be overtaken. The same seed does the
// same.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <utility>

#include "lab10_udpchat/clock.hpp"

struct Weather {
  double lost = 0;
  double doubled = 0;
  double delayed = 0;  // by up to half a second, so that others overtake it
};

constexpr Weather kFine{};
constexpr Weather kStorm{.lost = 0.33, .doubled = 0.2, .delayed = 0.2};

template <typename Packet>
class LossyNetwork {
 public:
  LossyNetwork(Weather weather, std::uint64_t seed) : weather_(weather), random_(seed) {}

  void set_weather(Weather weather) { weather_ = weather; }

  void send(Packet packet, Time now) {
    const int copies = happens(weather_.doubled) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (happens(weather_.lost)) continue;
      const auto delay = happens(weather_.delayed) ? number(500'000) : number(2'000);
      on_the_way_.emplace(now + std::chrono::microseconds(delay), packet);
    }
  }

  // When the next packet arrives; kNever if none is on the way.
  Time next_arrival() const { return on_the_way_.empty() ? kNever : on_the_way_.begin()->first; }

  Packet take() { return std::move(on_the_way_.extract(on_the_way_.begin()).mapped()); }

  bool happens(double probability) { return std::bernoulli_distribution(probability)(random_); }
  int number(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

 private:
  Weather weather_;
  std::mt19937_64 random_;
  std::multimap<Time, Packet> on_the_way_;
};
