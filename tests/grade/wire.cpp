#include "wire.hpp"

#include <nlohmann/json.hpp>

namespace grade::wire {

using nlohmann::json;

std::string to_line(const CheckResult& check) {
  json reasons = json::array();
  for (const Section& section : check.reasons) {
    reasons.push_back({{"heading", section.heading}, {"lines", section.lines}});
  }
  const json object = {{"lab", check.lab},         {"title", check.title},
                       {"worth", check.worth},     {"verdict", static_cast<int>(check.verdict)},
                       {"summary", check.summary}, {"reasons", reasons},
                       {"seconds", check.seconds}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

CheckResult from_line(const std::string& line) {
  const json object = json::parse(line);
  CheckResult check{.lab = object.at("lab"),
                    .title = object.at("title"),
                    .worth = object.at("worth"),
                    .verdict = static_cast<Verdict>(object.at("verdict").get<int>()),
                    .summary = object.at("summary"),
                    .seconds = object.at("seconds")};
  for (const json& section : object.at("reasons")) {
    check.reasons.push_back({section.at("heading"), section.at("lines")});
  }
  return check;
}

}  // namespace grade::wire
