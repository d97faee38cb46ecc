// What the grader tells besides doctest's own report: the transcript of a check that fails, before
// the failure, and at the end the checks that were left out.

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "incidents.hpp"
#include "recorder.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

std::mt19937_64 numbers;  // NOLINT(cert-msc51-cpp): each check seeds it
std::uint64_t seed = 0;
std::string reason_to_leave_out;
std::size_t checks_begun = 0;
std::vector<std::string> left_out;
const char* current_check = "";

struct Listener : doctest::IReporter {
  const doctest::ContextOptions& options;
  explicit Listener(const doctest::ContextOptions& given) : options(given) {}

  static void tell_transcript() {
    if (is_recording()) return;  // it tells it itself
    const std::string text = transcript::take();
    if (!text.empty()) std::fprintf(stderr, "\n  What happened:\n%s", text.c_str());
  }

  void test_case_start(const doctest::TestCaseData& check) override {
    current_check = check.m_name;
    ++checks_begun;
    // The same numbers for a check, whichever others are made before it.
    numbers.seed(seed ^ std::hash<std::string_view>()(check.m_name));
    reason_to_leave_out.clear();
    incidents::clear();
    transcript::clear();
  }
  void test_case_reenter(const doctest::TestCaseData& /*check*/) override { transcript::clear(); }
  void log_assert(const doctest::AssertData& assert) override {
    if (assert.m_failed) tell_transcript();
  }
  void test_case_exception(const doctest::TestCaseException& /*error*/) override {
    tell_transcript();
  }
  void test_run_end(const doctest::TestRunStats& /*stats*/) override {
    if (left_out.empty() || is_recording()) return;
    std::fprintf(stderr, "%zu checks were left out:\n", left_out.size());
    for (const std::string& check : left_out) std::fprintf(stderr, "  %s\n", check.c_str());
  }

  void report_query(const doctest::QueryData& /*query*/) override {}
  void test_run_start() override {}
  void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*name*/) override {}
  void subcase_end() override {}
  void log_message(const doctest::MessageData& /*message*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*check*/) override {}
};

REGISTER_LISTENER("transcript", 1, Listener);

}  // namespace

std::mt19937_64& random_numbers() {
  return numbers;
}

void set_seed(std::uint64_t chosen) {
  seed = chosen;
}

std::uint64_t chosen_seed() {
  return seed;
}

std::size_t count_checks_begun() {
  return checks_begun;
}

std::uint64_t random_below(std::uint64_t limit) {
  return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(numbers);
}

bool possible(bool condition, std::string_view why_not) {
  if (condition) return true;
  left_out.push_back(std::string(current_check) + " (" + std::string(why_not) + ")");
  reason_to_leave_out = why_not;
  MESSAGE("left out: ", std::string(why_not));
  return false;
}

const std::string& why_left_out() {
  return reason_to_leave_out;
}

}  // namespace grade
