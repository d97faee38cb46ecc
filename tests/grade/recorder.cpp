#include "recorder.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "advice.hpp"
#include "by_hand.hpp"
#include "check.hpp"
#include "diagnosis.hpp"
#include "errors.hpp"
#include "incidents.hpp"
#include "lines.hpp"
#include "probe.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

struct Recording {
  Lab lab;
  std::function<void(const CheckResult&)> tell;
};

std::optional<Recording> recording;

// What kind of exception has ended a check. doctest asks for its text, and that is when it is seen.
enum class Thrown { kNothing, kByProgram, kCannotRun, kByGrader };
Thrown thrown = Thrown::kNothing;

REGISTER_EXCEPTION_TRANSLATOR(const std::exception& error) {
  thrown = dynamic_cast<const CannotRun*>(&error) != nullptr ? Thrown::kCannotRun
           : is_the_graders(error)                           ? Thrown::kByGrader
                                                             : Thrown::kByProgram;
  return error.what();
}

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What stands between these two, if they are how `text` begins and ends.
std::optional<std::string> between(const std::string& text, std::string_view begin,
                                   std::string_view end) {
  if (!text.starts_with(begin) || !text.ends_with(end)) return std::nullopt;
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

// The words for a condition whose values tell nothing: that a text has another one in it or has
// not, that it is not empty, that something comes to be.
std::optional<std::string> words_of_condition(const std::string& condition) {
  if (const auto awaited = between(condition, "wait_until([&] { return ", "; })")) {
    return "this did not come to be: " + *awaited;
  }
  if (const auto text = between(condition, "!", ".empty()")) return *text + " is empty";
  constexpr std::string_view kFind = ".find(";
  const std::size_t find = condition.find(kFind);
  if (find == std::string::npos) return std::nullopt;
  const std::string where = condition.substr(0, find);
  const std::string call = condition.substr(find);
  if (const auto what = between(call, kFind, ") != std::string::npos")) {
    return *what + " is not in " + where;
  }
  if (const auto what = between(call, kFind, ") == std::string::npos")) {
    return *what + " is in " + where;
  }
  return std::nullopt;
}

// What a failed assertion says, in lines that need no C++: an Outcome has them, two texts that are
// to be equal are compared, and of anything else the condition is shown.
std::vector<std::string> words_of(const doctest::AssertData& assertion) {
  const std::string values = assertion.m_decomp.c_str();
  const std::string condition = assertion.m_expr;
  if (const auto words = words_of_condition(condition)) return {*words};
  constexpr std::string_view kEquals = " == ";
  const std::size_t equals = values.find(kEquals);
  const bool are_texts = condition.find('"') != std::string::npos || condition.ends_with(')');
  if (condition.starts_with("first_difference(")) {  // that came out as "", or else tells
    return lines_of(values.substr(0, values.rfind(kEquals)));
  }
  if (condition.find(kEquals) != std::string::npos && equals != std::string::npos && are_texts) {
    const std::string came = values.substr(0, equals);
    const std::string expected = values.substr(equals + kEquals.size());
    if (is_number(came) && is_number(expected)) {
      return {condition.substr(0, condition.find(kEquals)) + " is " + came + ", not " + expected};
    }
    if (came != expected) return lines_of(first_difference(expected, came));
  }
  constexpr std::string_view kUntil = ".until(";
  constexpr std::string_view kFound = ").has_value()";
  const std::size_t until = condition.find(kUntil);
  if (until != std::string::npos && condition.ends_with(kFound)) {
    const std::string end = condition.substr(until + kUntil.size());
    return {end.substr(0, end.size() - kFound.size()) + " did not come on " +
            condition.substr(0, until)};
  }
  if (values == "false" || values == "true") return {"this is not so: " + condition};
  if (condition.find(' ') == std::string::npos || condition.ends_with(')')) {
    std::vector<std::string> lines = lines_of(values);
    for (std::string& line : lines) line = printable(line);
    return lines;
  }
  return {"this is not so: " + condition, "it is:          " + excerpt(values)};
}

// "size := 5" as it is, and "excerpt(line, 20) := ..." as "line := ...".
std::string plain(const std::string& context) {
  const bool is_call = context.starts_with("excerpt(") || context.starts_with("escaped(");
  if (!is_call) return context;
  constexpr std::size_t kBegin = std::string_view("excerpt(").size();
  const std::size_t name_end = context.find_first_of(",)");
  const std::size_t value = context.find(" := ");
  return context.substr(kBegin, name_end - kBegin) + context.substr(value);
}

std::vector<std::string> numbered(const std::string& text) {
  std::vector<std::string> lines = lines_of(text);
  int number = 0;
  for (std::string& line : lines) {
    const bool continues = line.starts_with(std::string(12, ' '));  // of the entry above
    line = continues ? "    " + line : std::to_string(++number) + ". " + line;
  }
  return lines;
}

constexpr std::size_t kMostOfLine = 4'000;  // bytes

// No more of a section than anybody reads, and than goes into one message: see runner.cpp.
std::vector<std::string> bounded(std::vector<std::string> lines) {
  constexpr std::size_t kMostOfHalf = 12'000;
  std::size_t size = 0;
  for (std::string& line : lines) line = shortened(line, kMostOfLine);
  const auto fits = [&](const std::string& line) {
    size += line.size();
    return size <= kMostOfHalf;
  };
  const auto middle = std::ranges::find_if_not(lines, fits);
  size = 0;
  const auto end =
      std::find_if_not(lines.rbegin(), std::make_reverse_iterator(middle), fits).base();
  if (middle != end) {
    *middle = "... " + std::to_string(end - middle) + " lines ...";
    lines.erase(middle + 1, end);
  }
  return lines;
}

struct Recorder : doctest::IReporter {
  explicit Recorder(const doctest::ContextOptions& /*options*/) {}

  void test_case_start(const doctest::TestCaseData& check) override {
    result_ = {.lab = recording->lab.number, .title = check.m_name};
    thrown = Thrown::kNothing;
    words_.clear();
    following_ = 0;
    steps_.clear();
    by_hand_ = {};
    diagnosis::take();
    begin_ = Clock::now();
  }

  void log_assert(const doctest::AssertData& assertion) override {
    if (!assertion.m_failed) return;
    fail(words_of(assertion));
  }

  void test_case_exception(const doctest::TestCaseException& error) override {
    if (error.is_crash) thrown = Thrown::kByGrader;
    fail(lines_of(error.error_string.c_str()));
  }

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    result_.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    result_.verdict = Verdict::kPassed;
    if (!why_left_out().empty() && words_.empty()) {
      judge_left_out();
    } else if (!words_.empty()) {
      judge();
    } else if (!stats.testCaseSuccess) {
      result_.verdict = Verdict::kGraderFailed;
      result_.summary = "doctest counts it as failed, without a word";
    }
    result_.summary = shortened(result_.summary, kMostOfLine);
    recording->tell(result_);
  }

  void report_query(const doctest::QueryData& /*query*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}
  void test_case_reenter(const doctest::TestCaseData& /*check*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*name*/) override {}
  void subcase_end() override {}
  void log_message(const doctest::MessageData& /*message*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*check*/) override {}

 private:
  // The first failure is told whole, of those that follow from it the first line.
  void fail(std::vector<std::string> words) {
    constexpr std::size_t kMostFollowing = 3;
    if (words.empty()) words = {"no reason was given"};
    if (words_.empty()) {
      diagnosis::remember();
      steps_ = numbered(transcript::text());
      by_hand_ = by_hand();
      words_ = std::move(words);
      for (const std::string& context : contexts()) words_.push_back("where " + context);
    } else if (following_++ < kMostFollowing) {
      words_.push_back("then also: " + words.front());
    }
  }

  static std::vector<std::string> contexts() {
    std::vector<std::string> texts;
    for (int i = 0; i < doctest::IReporter::get_num_active_contexts(); ++i) {
      std::ostringstream text;
      doctest::IReporter::get_active_contexts()[i]->stringify(&text);
      texts.push_back(excerpt(plain(text.str())));
    }
    return texts;
  }

  std::string role() const { return result_.title.starts_with("client") ? "client" : "server"; }

  // It costs nothing that a check cannot be made here, unless there is no program to make it with.
  void judge_left_out() {
    const probe::Finding& finding = probe::of(recording->lab, role());
    result_.verdict = finding.works ? Verdict::kLeftOut : Verdict::kNotRun;
    result_.summary = finding.works ? why_left_out() : finding.reason;
  }

  void judge() {
    const incidents::Incidents happened = incidents::of_this_check();
    const diagnosis::Diagnosis found = diagnosis::take();
    const probe::Finding* finding = nullptr;
    if (happened.waited_in_vain || happened.needs_server || happened.needs_client) {
      finding = &probe::of(recording->lab, role());
    }
    result_.summary = words_.front();
    if (thrown == Thrown::kByGrader) {
      result_.verdict = Verdict::kGraderFailed;
    } else if (happened.ran_away) {
      result_.verdict = Verdict::kRanAway;
      result_.summary = *happened.ran_away;
    } else if (happened.crash) {
      result_.verdict = Verdict::kCrashed;
      result_.summary = *happened.crash;
    } else if (thrown == Thrown::kCannotRun || (finding != nullptr && !finding->works)) {
      result_.verdict = Verdict::kNotRun;
      if (finding != nullptr && !finding->works) result_.summary = finding->reason;
    } else if (happened.waited_in_vain && found.stuck) {
      result_.verdict = Verdict::kHung;
    } else {
      result_.verdict = Verdict::kFailed;
    }
    const auto add = [&](const std::string& heading, std::vector<std::string> lines) {
      if (!lines.empty()) result_.reasons.push_back({heading, bounded(std::move(lines))});
    };
    if (result_.verdict == Verdict::kNotRun) return;  // the reason is all there is to say
    add("What was done (-> from the programs, <- to them)", steps_);
    add("What is wrong", words_);
    add("What the system says", found.lines);
    std::string hint = advice::hint(recording->lab, result_, steps_);
    if (finding != nullptr && finding->on_standard_output) hint = advice::kWrongStream;
    if (finding != nullptr && finding->held_back) hint = advice::kHeldBack;
    if (result_.verdict == Verdict::kRanAway) hint.clear();  // what came after that tells nothing
    if (!hint.empty()) add("Perhaps", {hint});
    if (!by_hand_.line.empty()) add(by_hand_.heading, {by_hand_.line});
    add("Read on", {advice::where_to_read(recording->lab, role())});
    add("Just this again", {advice::command_for(recording->lab, result_.title)});
  }

  CheckResult result_;
  Clock::time_point begin_;
  std::vector<std::string> words_;
  std::size_t following_ = 0;  // failures after the first
  std::vector<std::string> steps_;
  ByHand by_hand_;
};

REGISTER_REPORTER("record", 0, Recorder);

}  // namespace

void record(const Lab& lab, std::function<void(const CheckResult&)> tell) {
  recording = Recording{lab, std::move(tell)};
}

bool is_recording() {
  return recording.has_value();
}

}  // namespace grade
