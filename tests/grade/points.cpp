#include "points.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <string_view>

namespace grade {
namespace {

struct Entry {
  std::string title;
  int shares;
  bool is_long;
};

std::vector<Entry> listed;

// A doctest reporter that is asked which checks there are, and makes none of them.
struct Catalogue : doctest::IReporter {
  explicit Catalogue(const doctest::ContextOptions& /*options*/) {}

  void report_query(const doctest::QueryData& query) override {
    for (unsigned i = 0; i < query.num_data; ++i) {
      const doctest::TestCaseData& check = *query.data[i];
      const std::string_view about = check.m_description != nullptr ? check.m_description : "";
      const bool is_idea = about.find(kIdeasDescription) != std::string_view::npos;
      const bool is_long = about.find(kLongDescription) != std::string_view::npos;
      listed.push_back({check.m_name, is_idea ? 3 : 1, is_long});
    }
  }

  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}
  void test_case_start(const doctest::TestCaseData& /*check*/) override {}
  void test_case_reenter(const doctest::TestCaseData& /*check*/) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
  void test_case_exception(const doctest::TestCaseException& /*error*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*name*/) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& /*assert*/) override {}
  void log_message(const doctest::MessageData& /*message*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*check*/) override {}
};

REGISTER_REPORTER("catalogue", 0, Catalogue);

}  // namespace

std::vector<int> split_by_shares(const std::vector<int>& shares, int total) {
  const int all = std::accumulate(shares.begin(), shares.end(), 0);
  std::vector<int> parts;
  int given = 0;
  int before = 0;
  for (const int share : shares) {  // the n-th border between parts is rounded, not the parts
    before += share;
    const int border = total * before / all;
    parts.push_back(border - given);
    given = border;
  }
  return parts;
}

std::vector<CheckResult> checks_of(int lab, bool with_reference) {
  doctest::Context context;
  const std::array<const char*, 3> arguments{"grade", "--list-test-cases", "--reporters=catalogue"};
  context.applyCommandLine(static_cast<int>(arguments.size()), arguments.data());
  context.addFilter("test-suite", ("lab" + std::to_string(lab)).c_str());
  if (!with_reference) context.addFilter("test-case-exclude", "reference:*");
  listed.clear();
  context.run();

  std::vector<int> shares;
  shares.reserve(listed.size());
  for (const Entry& entry : listed) shares.push_back(is_reference(entry.title) ? 0 : entry.shares);
  const std::vector<int> parts = split_by_shares(shares, kPointsOfALab);
  std::vector<CheckResult> checks;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    checks.push_back(
        {.lab = lab, .title = listed[i].title, .worth = parts[i], .is_long = listed[i].is_long});
  }
  return checks;
}

}  // namespace grade
