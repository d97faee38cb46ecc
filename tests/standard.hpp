// The parts of the standard library that most tests use. It is compiled once, and stands before each
// test's own includes (a precompiled header), which halves the time that the tests take to build.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>
