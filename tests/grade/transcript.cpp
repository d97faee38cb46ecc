#include "transcript.hpp"

#include <algorithm>
#include <vector>

#include "patience.hpp"
#include "text.hpp"

namespace grade::transcript {
namespace {

constexpr std::size_t kMostBytes = 160;    // kept of either end of an entry
constexpr std::size_t kMostEntries = 120;  // printed

struct Entry {
  long milliseconds = 0;
  std::string who;
  std::string what;
  std::string head;  // the first bytes
  std::string tail;  // the last ones, where the head is full
  std::size_t bytes = 0;
};

Clock::time_point start = Clock::now();
std::vector<Entry> entries;

void append(Entry& entry, std::string_view bytes) {
  entry.bytes += bytes.size();
  const std::size_t room = std::min(kMostBytes - entry.head.size(), bytes.size());
  entry.head += bytes.substr(0, room);
  entry.tail += bytes.substr(room);
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

// As printf(1) wants it between single quotes.
std::string octal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (value >= 0x20 && value < 0x7f && c != '\'' && c != '\\' && c != '%') {
      text += c;
    } else {
      text += '\\';
      for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (value >> shift & 7));
    }
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
  entries.clear();
  start = Clock::now();
}

void note(std::string_view who, std::string_view what, std::string_view bytes) {
  const bool continues = !bytes.empty() && !entries.empty() && entries.back().bytes > 0 &&
                         entries.back().who == who && entries.back().what == what;
  if (!continues) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    entries.push_back({.milliseconds = static_cast<long>(passed.count()),
                       .who = std::string(who),
                       .what = std::string(what),
                       .head = {},
                       .tail = {}});
  }
  append(entries.back(), bytes);
}

std::string text() {
  std::string text;
  const std::size_t left_out = entries.size() - std::min(entries.size(), kMostEntries);
  if (left_out > 0) text = "    ... " + std::to_string(left_out) + " earlier entries ...\n";
  for (std::size_t i = left_out; i < entries.size(); ++i) text += line(entries[i]);
  return text;
}

std::string take() {
  std::string all = text();
  entries.clear();
  return all;
}

std::string by_hand() {
  constexpr std::string_view kOfConnection = "connection ";
  for (const Entry& entry : entries) {
    const bool to_server = entry.who.starts_with(kOfConnection) && entry.what == "<-";
    const bool to_client = entry.who == "client stdin" && entry.what == "<-";
    if (entry.bytes == 0 || (!to_server && !to_client)) continue;
    const std::string input =
        entry.bytes == entry.head.size()
            ? "printf '" + octal(entry.head) + "'"
            : "head -c " + std::to_string(entry.bytes) + " /dev/zero | tr '\\0' a";
    return input + (to_server ? " | nc -N 127.0.0.1 9090" : " | ./client 127.0.0.1 9090");
  }
  return {};
}

}  // namespace grade::transcript
