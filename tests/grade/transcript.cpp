#include "transcript.hpp"

#include <algorithm>
#include <vector>

#include "patience.hpp"
#include "text.hpp"

namespace grade::transcript {
namespace {

constexpr std::size_t kMostBytes = 160;    // kept of either end of an entry
constexpr std::size_t kFirstEntries = 10;  // printed
constexpr std::size_t kLastEntries = 20;   // and these

Clock::time_point start = Clock::now();
std::vector<Entry> noted;

void append(Entry& entry, std::string_view bytes) {
  entry.bytes += bytes.size();
  const std::size_t room = std::min(kMostBytes - entry.head.size(), bytes.size());
  entry.head += bytes.substr(0, room);
  bytes.remove_prefix(room);
  entry.tail += bytes.substr(bytes.size() - std::min(bytes.size(), kMostBytes));
  if (entry.tail.size() > kMostBytes) entry.tail.erase(0, entry.tail.size() - kMostBytes);
}

// The bytes escaped; a newline in them also begins a new line here.
std::string shown(const Entry& entry, const std::string& indent) {
  const std::size_t missing = entry.bytes - entry.head.size() - entry.tail.size();
  std::string text = escaped(entry.head);
  if (missing > 0) text += " ... " + std::to_string(missing) + " bytes ... ";
  text += escaped(entry.tail);
  for (std::size_t at = text.find("\\n"); at < text.size() - 2; at = text.find("\\n", at)) {
    text.insert(at + 2, "\n" + indent);
    at += 3;
  }
  return text;
}

std::string line(const Entry& entry) {
  std::string time = std::to_string(entry.milliseconds) + " ms  ";
  if (time.size() < 11) time.insert(0, 11 - time.size(), ' ');
  const std::string begin = time + entry.who + " " + entry.what;
  if (entry.bytes == 0) return begin + "\n";
  return begin + ": " + shown(entry, std::string(begin.size() + 2, ' ')) + "\n";
}

}  // namespace

void clear() {
  noted.clear();
  start = Clock::now();
}

void note(std::string_view who, std::string_view what, std::string_view bytes) {
  const bool is_stream = what == "->" || what == "<-";  // and no datagram
  const bool continues = is_stream && !bytes.empty() && !noted.empty() && noted.back().bytes > 0 &&
                         noted.back().who == who && noted.back().what == what;
  if (!continues) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    noted.push_back({.milliseconds = static_cast<long>(passed.count()),
                     .who = std::string(who),
                     .what = std::string(what),
                     .head = {},
                     .tail = {}});
  }
  append(noted.back(), bytes);
}

std::string text() {
  std::string text;
  const std::size_t most = kFirstEntries + kLastEntries;
  const std::size_t left_out = noted.size() - std::min(noted.size(), most);
  for (std::size_t i = 0; i < noted.size(); ++i) {
    if (i == kFirstEntries && left_out > 0) {
      text += std::string(12, ' ') + "... " + std::to_string(left_out) + " more like these ...\n";
      i += left_out;
    }
    text += line(noted[i]);
  }
  return text;
}

const std::vector<Entry>& entries() {
  return noted;
}

std::string take() {
  std::string all = text();
  noted.clear();
  return all;
}

}  // namespace grade::transcript
