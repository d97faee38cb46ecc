// What every file of checks includes: doctest, and the few words that the checks are written in.

#pragma once

#define DOCTEST_CONFIG_SUPER_FAST_ASSERTS
#include <doctest/doctest.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "network.hpp"
#include "scratch.hpp"
#include "subject.hpp"
#include "text.hpp"

namespace grade {

// Numbers for all that is random, from the seed that is printed at the start.
std::mt19937_64& random_numbers();
void set_seed(std::uint64_t chosen);
std::uint64_t random_below(std::uint64_t limit);

std::uint64_t chosen_seed();

// How many checks were not filtered out.
std::size_t count_checks_begun();

// A check that is about the idea which its lab brings: see points.hpp.
inline constexpr std::string_view kIdeasDescription = "the idea of this lab";
inline const doctest::description kIdea(kIdeasDescription.data());

// A check that takes more than a second. It is begun before the others, so that they are not done
// long before it.
inline constexpr std::string_view kLongDescription = "takes its time";
inline const doctest::description kLong(kLongDescription.data());
inline const doctest::description kLongIdea("the idea of this lab; takes its time");

// A check that cannot be made here is told as left out, and counted: it has not passed.
//
//   if (!possible(network::is_private(), "the default port may be somebody else's")) return;
bool possible(bool condition, std::string_view why_not);

// Why the check that is being made was left out; empty if it was not.
const std::string& why_left_out();

}  // namespace grade
