// The reports that are JSON.

#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "reports.hpp"

namespace grade::reports {
namespace {

using json = nlohmann::ordered_json;

// As many digits as a person would write: 0.23 and not 0.22999999999999998.
double points(int hundredths) {
  return hundredths / 100.0;
}

// What a program said may be no UTF-8, which JSON has to be.
std::string dump(const json& object, int indent) {
  return object.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::string label(const LabResult& lab, const CheckResult& check) {
  return "lab" + std::to_string(lab.lab) + " " + check.title;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error("Classroom 50's result needs the environment variable " +
                             std::string(name));
  }
  return value;
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&time, &parts);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

// https://gradescope-autograders.readthedocs.io/en/latest/specs/
std::string gradescope(const Results& results) {
  json tests = json::array();
  double seconds = 0;
  for (const LabResult& lab : results.labs) {
    seconds += lab.seconds;
    int number = 0;
    for (const CheckResult& check : lab.checks) {
      tests.push_back({{"number", std::to_string(lab.lab) + "." + std::to_string(++number)},
                       {"name", label(lab, check)},
                       {"score", points(check.earned())},
                       {"max_score", points(check.worth)},
                       {"status", check.has_points() ? "passed" : "failed"},
                       {"output", plain_text(check)},
                       {"output_format", "text"},
                       {"visibility", "visible"}});
    }
  }
  const json object = {{"score", points(results.earned())},
                       {"execution_time", static_cast<int>(seconds)},
                       {"output", build_words(results)},
                       {"output_format", "text"},
                       {"visibility", "visible"},
                       {"stdout_visibility", "hidden"},
                       {"tests", tests}};
  return dump(object, 2) + "\n";
}

// https://github.com/foundation50/classroom50/wiki/Advanced-Autograding: its scores are whole
// numbers, so these are hundredths of points.
std::string classroom50(const Results& results) {
  json tests = json::array();
  for (const LabResult& lab : results.labs) {
    for (const CheckResult& check : lab.checks) {
      tests.push_back({{"test-name", label(lab, check)},
                       {"passed", check.has_points()},
                       {"score", check.earned()},
                       {"max-score", check.worth}});
    }
  }
  const std::string commit = environment("COMMIT_URL");
  const char* const review = std::getenv("REVIEW_URL");
  const json object = {{"schema", "classroom50/result/v1"},
                       {"classroom", environment("CLASSROOM")},
                       {"assignment", environment("ASSIGNMENT")},
                       {"submission", environment("SUBMISSION_TAG")},
                       {"commit", commit},
                       {"release", environment("RELEASE_URL")},
                       {"review", review != nullptr && *review != '\0' ? review : commit},
                       {"datetime", now()},
                       {"score", results.earned()},
                       {"max-score", results.worth()},
                       {"tests", tests}};
  return dump(object, 2) + "\n";
}

// https://docs.autolabproject.com/lab/: a problem a lab, "lab3". Some releases of it put quotes
// around any word before a colon, inside of texts as well; here only names stand in texts.
std::string autolab(const Results& results) {
  json scores = json::object();
  for (const LabResult& lab : results.labs) {
    scores["lab" + std::to_string(lab.lab)] = points(lab.earned());
  }
  const json object = {{"scores", scores}};
  return dump(object, -1) + "\n";
}

}  // namespace grade::reports
