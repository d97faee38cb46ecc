// Words that nobody can guess: random bytes from the system, and how to compare them.

#pragma once

#include <sys/random.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/socket.hpp"

// From the system's generator for secrets: see getrandom(2). Throws std::system_error.
template <typename Value, std::size_t Count>
std::array<Value, Count> random_values() {
  std::array<Value, Count> values;
  static_assert(sizeof values <= 256, "getrandom() fills this much in one go");
  check("getrandom", ::getrandom(values.data(), sizeof values, 0));
  return values;
}

// 16 digits.
inline std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits.push_back(kDigits[value >> shift & 0xF]);
  return digits;
}

// 16 random bytes as 32 digits.
inline std::string make_token() {
  const auto [high, low] = random_values<std::uint64_t, 2>();
  return hex(high) + hex(low);
}

// Takes the same time wherever the two differ: a comparison that ends at the first difference
// would tell a patient guesser, by its time, how many characters are right.
inline bool equal_secrets(std::string_view one, std::string_view other) noexcept {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    difference |= static_cast<unsigned>(one[i] ^ other[i]);
  }
  return difference == 0;
}
