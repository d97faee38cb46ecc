#include "text.hpp"

#include <algorithm>
#include <cctype>

#include "shared/utf8.hpp"

namespace grade {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::string middle_left_out(std::size_t bytes) {
  return " ... " + std::to_string(bytes) + " bytes ... ";
}

}  // namespace

std::string escaped(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\t') {
      text += "\\t";
    } else if (value >= 0x20 && value < 0x7f) {
      text += c;
    } else {
      text.append("\\x").append({kDigits[value / 16], kDigits[value % 16]});
    }
  }
  return text;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    shown += value < 0x20 || value == 0x7f ? escaped({&c, 1}) : std::string(1, c);
  }
  return shown;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::string_view before = text;
    if (take_code_point(text)) {
      valid += before.substr(0, before.size() - text.size());
    } else {
      valid += '?';
      text.remove_prefix(1);
    }
  }
  return valid;
}

std::string excerpt(std::string_view bytes, std::size_t most) {
  if (bytes.size() <= most) return escaped(bytes);
  const std::size_t half = most / 2;
  return escaped(bytes.substr(0, half)) + middle_left_out(bytes.size() - 2 * half) +
         escaped(bytes.substr(bytes.size() - half));
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const std::size_t half = most / 2;
  return std::string(text.substr(0, half)) + middle_left_out(text.size() - 2 * half) +
         std::string(text.substr(text.size() - half));
}

std::string first_difference(std::string_view expected, std::string_view came) {
  if (expected == came) return {};
  constexpr std::size_t kBefore = 16;
  constexpr std::size_t kAfter = 24;
  const auto [there, here] =
      std::mismatch(expected.begin(), expected.end(), came.begin(), came.end());
  const auto at = static_cast<std::size_t>(there - expected.begin());
  const std::size_t begin = at - std::min(at, kBefore);
  const std::string dots = begin > 0 ? "... \"" : "\"";
  const auto shown = [&](std::string_view bytes) {
    const bool has_more = bytes.size() > at + kAfter;
    return dots + escaped(bytes.substr(begin, at - begin + kAfter)) + (has_more ? "\" ..." : "\"");
  };
  const std::string column(dots.size() + escaped(expected.substr(begin, at - begin)).size(), ' ');
  const std::string where =
      at == came.size()
          ? "only " + std::to_string(at) + " of " + std::to_string(expected.size()) + " bytes came"
      : at == expected.size() ? "more came than the " + std::to_string(at) + " bytes expected"
                              : "byte " + std::to_string(at) + " of " +
                                    std::to_string(expected.size()) + " is another one";
  return where + "\nexpected  " + shown(expected) + "\ncame      " + shown(came) + "\n          " +
         column + "^";
}

bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    const bool may_be_c1 = byte == 0xc2 && i + 1 < text.size();
    if (may_be_c1 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool mentions(std::string_view text, std::string_view phrase) {
  for (std::size_t at = text.find(phrase); at != std::string::npos;
       at = text.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    const bool begins = at == 0 || !is_word(phrase.front()) || !is_word(text[at - 1]);
    const bool ends = end == text.size() || !is_word(phrase.back()) || !is_word(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

std::string with_small_digits(std::string text) {
  for (std::size_t at = text.find("\\x"); at != std::string::npos; at = text.find("\\x", at + 1)) {
    for (std::size_t digit = at + 2; digit < std::min(at + 4, text.size()); ++digit) {
      text[digit] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[digit])));
    }
  }
  return text;
}

std::string letters(std::size_t size) {
  // The period is a prime, so that no portion of a usual size looks like the one before it.
  constexpr std::size_t kPeriod = 1009;
  static const std::string period = [] {
    std::string some;
    for (std::size_t i = 0; i < kPeriod; ++i) some += static_cast<char>('a' + i % 26);
    return some;
  }();
  std::string text;
  text.reserve(size);
  while (text.size() < size) text.append(period, 0, std::min(kPeriod, size - text.size()));
  return text;
}

std::string all_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 256);
  return bytes;
}

}  // namespace grade
