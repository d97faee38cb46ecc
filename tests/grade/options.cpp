#include "options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string_view>

#include "patience.hpp"
#include "submission.hpp"

namespace grade {

const char kUsage[] =
    "usage: grade [OPTION...] [LAB...]\n"
    "Grades labs, 1 to 10: those named, or all that are there. Ten points each.\n"
    "  --submission=FOLDER   one lab's folder, or a course's with lab1..., lab2... in it;\n"
    "                        the labs beside the grader unless given\n"
    "  --check=TITLE         that check alone, with * for anything\n"
    "  --list                tells the checks and what they are worth, and makes none\n"
    "  --reference           with the checks that are about the reference programs alone\n"
    "  --jobs=NUMBER         labs at the same time; one more than processors unless given\n"
    "  --seed=NUMBER         repeats what is random\n"
    "  --patience=SECONDS    how long to wait for what does not come; 10 unless given\n"
    "  --shared-network      no network of its own, as where that is not allowed\n"
    "Reports, besides the cards on standard output:\n"
    "  --gradescope=FILE  --classroom50=FILE  --junit=FILE  --csv=FILE\n"
    "  --autolab, --vpl      on standard output, in the place of the cards or after them\n"
    "Exit status: 0 all points, 1 not all, 2 bad usage, 3 a failure of the grader's own, which\n"
    "costs no points.\n"
    "With options of doctest's (--help-doctest tells them: --test-suite=lab3, -r=xml) it is a\n"
    "plain doctest program.\n";

namespace {

template <typename Number>
Number number_of(std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw std::invalid_argument("'" + std::string(text) + "' is no number from " +
                                std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

using Action = std::function<void(Options&, const std::string&)>;

// Options with a value behind a "=".
const std::map<std::string_view, Action>& valued() {
  static const std::map<std::string_view, Action> actions = {
      {"--submission",
       [](Options&, const std::string& v) {
         submission::set_folder(v);
       }},
      {"--check",
       [](Options& o, const std::string& v) {
         o.check = v;
       }},
      {"--jobs",
       [](Options& o, const std::string& v) {
         o.jobs = number_of<std::size_t>(v, 1, 64);
       }},
      {"--seed",
       [](Options& o, const std::string& v) {
         o.seed = number_of<std::uint64_t>(v, 0, ~0ULL);
       }},
      {"--patience",
       [](Options&, const std::string& v) {
         set_patience(std::chrono::seconds(number_of(v, 1, 600)));
       }},
      {"--gradescope",
       [](Options& o, const std::string& v) {
         o.reports.gradescope = v;
       }},
      {"--classroom50",
       [](Options& o, const std::string& v) {
         o.reports.classroom50 = v;
       }},
      {"--junit",
       [](Options& o, const std::string& v) {
         o.reports.junit = v;
       }},
      {"--csv",
       [](Options& o, const std::string& v) {
         o.reports.csv = v;
       }},
  };
  return actions;
}

const std::map<std::string_view, Action>& plain() {
  static const std::map<std::string_view, Action> actions = {
      {"--list",
       [](Options& o, const std::string&) {
         o.only_lists = true;
       }},
      {"--reference",
       [](Options& o, const std::string&) {
         o.with_reference = true;
       }},
      {"--shared-network",
       [](Options& o, const std::string&) {
         o.private_network = false;
       }},
      {"--autolab",
       [](Options& o, const std::string&) {
         o.reports.autolab = true;
       }},
      {"--vpl",
       [](Options& o, const std::string&) {
         o.reports.vpl = true;
       }},
  };
  return actions;
}

void take(Options& options, const char* text) {
  const std::string_view argument = text;
  if (argument == "--help" || argument == "-h") {
    std::fputs(kUsage, stdout);
    std::exit(0);
  }
  if (!argument.starts_with('-')) {
    options.labs.push_back(number_of(argument, 1, 10));
    return;
  }
  const std::size_t equals = argument.find('=');
  const auto with_value = valued().find(argument.substr(0, equals));
  const auto without = plain().find(argument);
  if (without != plain().end()) {
    without->second(options, {});
  } else if (equals != std::string_view::npos && with_value != valued().end()) {
    with_value->second(options, std::string(argument.substr(equals + 1)));
  } else if (with_value != valued().end()) {
    throw std::invalid_argument(std::string(argument) + " needs a value: " + text + "=...");
  } else {
    options.doctests.push_back(argument == "--help-doctest" ? "--help" : text);
  }
}

}  // namespace

Options parse_options(int argc, char* argv[]) {
  Options options;
  options.seed = std::random_device{}();
  for (int i = 1; i < argc; ++i) take(options, argv[i]);
  return options;
}

}  // namespace grade
