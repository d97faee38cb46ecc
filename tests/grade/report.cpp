// What the grader tells besides doctest's own report: the transcript of a check that fails, before
// the failure, and at the end the checks that were left out.

#include <cstdio>
#include <string>
#include <vector>

#include "check.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

std::mt19937_64 numbers;
std::vector<std::string> left_out;
const char* current_check = "";

struct Listener : doctest::IReporter {
  const doctest::ContextOptions& options;
  explicit Listener(const doctest::ContextOptions& given) : options(given) {}

  static void tell_transcript() {
    const std::string text = transcript::take();
    if (!text.empty()) std::fprintf(stderr, "\n  What happened:\n%s", text.c_str());
  }

  void test_case_start(const doctest::TestCaseData& check) override {
    current_check = check.m_name;
    transcript::clear();
  }
  void test_case_reenter(const doctest::TestCaseData&) override { transcript::clear(); }
  void log_assert(const doctest::AssertData& assert) override {
    if (assert.m_failed) tell_transcript();
  }
  void test_case_exception(const doctest::TestCaseException&) override { tell_transcript(); }
  void test_run_end(const doctest::TestRunStats&) override {
    if (left_out.empty()) return;
    std::fprintf(stderr, "%zu checks were left out:\n", left_out.size());
    for (const std::string& check : left_out) std::fprintf(stderr, "  %s\n", check.c_str());
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("transcript", 1, Listener);

}  // namespace

std::mt19937_64& random_numbers() {
  return numbers;
}

void set_seed(std::uint64_t seed) {
  numbers.seed(seed);
}

std::uint64_t random_below(std::uint64_t limit) {
  return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(numbers);
}

bool possible(bool condition, std::string_view why_not) {
  if (condition) return true;
  left_out.push_back(std::string(current_check) + " (" + std::string(why_not) + ")");
  MESSAGE("left out: ", std::string(why_not));
  return false;
}

}  // namespace grade
