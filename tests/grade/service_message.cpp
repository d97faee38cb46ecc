#include "service_message.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "text.hpp"

namespace grade {
namespace {

constexpr std::string_view kTimePattern = "dddd-dd-ddTdd:dd:dd.ddd+dd:dd";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// In a pattern, d is a digit and + a sign.
bool fits(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(), [](char c, char p) {
    if (p == 'd') return is_digit(c);
    return p == '+' ? c == '+' || c == '-' : c == p;
  });
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, value);
  return value;
}

bool is_event(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

std::optional<Message> parse_message(std::string_view line, std::string_view role) {
  const std::string mark = "[" + std::string(role) + "] ";
  const std::size_t begin = line.find(mark);
  if (begin == std::string::npos || (begin > 0 && line[begin - 1] != ' ')) return std::nullopt;
  const std::string_view text = line.substr(begin + mark.size());
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view event = text.substr(0, colon);
  if (!is_event(event)) return std::nullopt;
  std::string_view explanation = text.substr(std::min(colon + 1, text.size()));
  if (explanation.starts_with(' ')) explanation.remove_prefix(1);
  return Message{std::string(event), std::string(explanation)};
}

std::optional<std::size_t> bytes_of(const Message& message) {
  const std::string& text = message.explanation;
  const std::size_t end = text.find(" bytes");
  if (end == std::string::npos) return std::nullopt;
  std::size_t begin = end;
  while (begin > 0 && is_digit(text[begin - 1])) --begin;
  std::size_t bytes = 0;
  const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, bytes);
  if (error != std::errc() || stop != text.data() + end) return std::nullopt;
  return bytes;
}

std::string events_of(const std::vector<Message>& messages) {
  std::string events;
  const std::string* before = nullptr;
  for (const Message& message : messages) {
    if (before != nullptr && *before == message.event) continue;
    if (before != nullptr) events += ' ';
    events += message.event;
    before = &message.event;
  }
  return events;
}

std::string flaw_of_log_line(std::string_view line) {
  if (!fits(line.substr(0, kTimePattern.size()), kTimePattern)) return "no time at its begin";
  if (!line.substr(kTimePattern.size()).starts_with(" [server] ")) return "no \" [server] \" then";
  const auto message = parse_message(line, "server");
  if (!message) return "no event";
  if (message->explanation.empty()) return "no explanation";
  return has_control_character(line) ? "a control character" : "";
}

long long time_of_log_line(std::string_view line) {
  std::tm parts{};
  parts.tm_year = number(line, 0, 4) - 1900;
  parts.tm_mon = number(line, 5, 2) - 1;
  parts.tm_mday = number(line, 8, 2);
  parts.tm_hour = number(line, 11, 2);
  parts.tm_min = number(line, 14, 2);
  parts.tm_sec = number(line, 17, 2);
  const int offset = 60 * (60 * number(line, 24, 2) + number(line, 27, 2));
  const long long local = ::timegm(&parts);
  return 1000 * (line[23] == '-' ? local + offset : local - offset) + number(line, 20, 3);
}

}  // namespace grade
