#include "by_hand.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "text.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

using transcript::Entry;

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

std::string filler(std::size_t bytes) {
  return "head -c " + std::to_string(bytes) + " /dev/zero | tr '\\0' a";
}

std::string print(const Entry& entry) {
  return entry.bytes == entry.head.size() ? "printf '" + octal(entry.head) + "'"
                                          : filler(entry.bytes);
}

bool was_started(std::string_view who) {
  return std::ranges::any_of(transcript::entries(), [&](const Entry& entry) {
    return entry.who == who && entry.what.starts_with("is started");
  });
}

// Whether so many letters and then `end` are as good as what was sent: one line, or a part of one.
bool is_one_line(std::string_view seen, std::string_view end) {
  seen.remove_suffix(end.size());
  return std::ranges::all_of(seen, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// What no printf can hold, as its length and its end; nothing if it was more than a long line.
std::string print_long(std::string_view seen, std::size_t bytes) {
  const std::size_t last = seen.find_last_not_of("\r\n");
  const std::string_view end = seen.substr(last == std::string_view::npos ? 0 : last + 1);
  if (!is_one_line(seen, end)) return {};
  if (end.empty()) return filler(bytes);
  return "{ " + filler(bytes - end.size()) + "; printf '" + octal(end) + "'; }";
}

// All that was sent to the last one whose name begins so, as a command that prints it.
std::string print_last(std::string_view name) {
  constexpr std::size_t kMostBytes = 320;
  std::string who;
  std::string sent;
  std::string seen;       // with the last bytes of what was not kept whole
  std::size_t bytes = 0;  // of which not all need be kept
  for (const Entry& entry : transcript::entries()) {
    if (entry.who == "client" && entry.what.starts_with("is started")) who.clear();
    if (!entry.who.starts_with(name) || entry.what != "<-" || entry.bytes == 0) continue;
    if (entry.who != who) {
      who = entry.who;
      sent.clear();
      seen.clear();
      bytes = 0;
    }
    sent += entry.head;
    seen += entry.head + entry.tail;
    bytes += entry.bytes;
  }
  if (bytes == 0) return {};
  return bytes == sent.size() && bytes <= kMostBytes ? "printf '" + octal(sent) + "'"
                                                     : print_long(seen, bytes);
}

// What was answered to this socket with `verb` before a space.
std::string answer(std::string_view who, std::string_view verb) {
  for (const Entry& entry : transcript::entries()) {
    const bool is_it = entry.who == who && entry.what.starts_with("from ") &&
                       entry.head.starts_with(std::string(verb) + " ");
    if (is_it) return entry.head.substr(verb.size() + 1);
  }
  return {};
}

// A datagram of a member has a token in it, which is another one each time: so the line joins
// first, always from the same port, and puts its own token in the place of the check's.
std::string as_member(const Entry& entry, const std::string& token) {
  std::string line = entry.head.substr(0, entry.head.find('\n') + 1);
  const bool is_whole = entry.bytes == entry.head.size();
  if (is_whole) line = entry.head;
  const std::size_t at = line.find(token);
  const std::string format =
      octal(line.substr(0, at)) + "%s" + octal(line.substr(at + token.size()));
  const std::string last = "printf '" + format + "' \"${t#* }\"";
  const std::string said =
      is_whole ? last : "{ " + last + "; " + filler(entry.bytes - line.size()) + "; }";
  return "u() { nc -u -w 1 -p 5000 127.0.0.1 9090; }; c=$(printf 'JOIN me' | u); "
         "t=$(printf \"JOIN me ${c#* }\" | u); " +
         said + " | u";
}

// The last datagram that is neither an ACK nor a PING, which only ask whether there is more.
std::string of_datagram() {
  const Entry* last = nullptr;
  for (const Entry& entry : transcript::entries()) {
    const bool is_sent = entry.what.starts_with("to ");
    if (!is_sent || entry.head.starts_with("ACK ") || entry.head.starts_with("PING ")) continue;
    last = &entry;
  }
  if (last == nullptr) return {};
  const std::string token = answer(last->who, "WELCOME");
  const bool has_token = !token.empty() && last->head.find(token) != std::string::npos;
  if (has_token) return as_member(*last, token);
  return print(*last) + " | nc -u -w 1 127.0.0.1 9090";
}

bool was_typed() {
  return std::ranges::any_of(transcript::entries(), [](const Entry& entry) {
    return entry.who == "client stdin" && entry.bytes > 0;
  });
}

// Where its output went, if the check has sent it somewhere.
std::string redirection(std::string_view who) {
  for (const Entry& entry : transcript::entries()) {
    const bool is_it = entry.who == who && entry.what.starts_with("is started");
    if (is_it && entry.what.ends_with(" >/dev/full")) return " >/dev/full";
  }
  return {};
}

}  // namespace

ByHand by_hand() {
  if (was_typed()) {
    const std::string typed = print_last("client stdin");
    return {"By hand, with a server on port 9090 in another terminal",
            typed.empty() ? "" : typed + " | ./client 127.0.0.1 9090" + redirection("client")};
  }
  const std::string sent = print_last("connection ");
  if (was_started("client") && !was_started("server")) {  // the grader was its server
    return {"By hand, with ./client 127.0.0.1 9090 in another terminal",
            sent.empty() ? "" : sent + " | nc -l 127.0.0.1 9090"};
  }
  return {"By hand, with ./server 9090 in another terminal",
          sent.empty() ? of_datagram() : sent + " | nc -N 127.0.0.1 9090"};
}

}  // namespace grade
