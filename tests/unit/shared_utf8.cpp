// UTF-8 held against the table of all well-formed sequences, and what is shown of texts that
// somebody else wrote.

#include "shared/utf8.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

using std::string_literals::operator""s;

namespace {

using Byte = unsigned char;

// A row of table 3-7 of the Unicode Standard, "Well-Formed UTF-8 Byte Sequences". All bytes after
// the second are 80..BF.
struct Row {
  Byte first_from, first_to;
  Byte second_from, second_to;
  std::size_t length;
};
constexpr std::array kTable = {
    Row{0x00, 0x7F, 0x00, 0x00, 1}, Row{0xC2, 0xDF, 0x80, 0xBF, 2}, Row{0xE0, 0xE0, 0xA0, 0xBF, 3},
    Row{0xE1, 0xEC, 0x80, 0xBF, 3}, Row{0xED, 0xED, 0x80, 0x9F, 3}, Row{0xEE, 0xEF, 0x80, 0xBF, 3},
    Row{0xF0, 0xF0, 0x90, 0xBF, 4}, Row{0xF1, 0xF3, 0x80, 0xBF, 4}, Row{0xF4, 0xF4, 0x80, 0x8F, 4},
};

// The length of the well-formed sequence that `text` begins with; 0 if it begins with none.
std::size_t length_by_table(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<Byte>(text[i]);
  };
  for (const Row& row : kTable) {
    if (byte(0) < row.first_from || byte(0) > row.first_to) continue;
    if (text.size() < row.length) return 0;
    if (row.length > 1 && (byte(1) < row.second_from || byte(1) > row.second_to)) return 0;
    for (std::size_t i = 2; i < row.length; ++i) {
      if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return row.length;
  }
  return 0;
}

// The other way round: the bytes of a code point.
std::string encode(char32_t code_point) {
  const auto byte = [](char32_t value) {
    return static_cast<char>(static_cast<Byte>(value));
  };
  const auto later = [&](int shift) {
    return byte(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), later(0)};
  if (code_point < 0x10000) return {byte(0xE0 | code_point >> 12), later(6), later(0)};
  return {byte(0xF0 | code_point >> 18), later(12), later(6), later(0)};
}

// True if all three functions make of `text`, which is not empty, what the table makes of it.
bool agrees_with_table(std::string_view text) {
  const std::size_t length = length_by_table(text);
  std::string_view rest = text;
  const auto code_point = take_code_point(rest);
  if (code_point.has_value() != (length > 0) || text.size() - rest.size() != length) return false;
  if (code_point && encode(*code_point) != text.substr(0, length)) return false;

  bool whole = length > 0;
  for (std::string_view left = text.substr(length); whole && !left.empty();) {
    const std::size_t next = length_by_table(left);
    whole = next > 0;
    left.remove_prefix(next);
  }
  return is_utf8(text) == whole;
}

// Every sequence of these bytes, one from each list.
bool all_agree(std::initializer_list<std::string_view> lists, std::string& text) {
  if (text.size() == lists.size()) return agrees_with_table(text);
  return std::ranges::all_of(lists.begin()[text.size()], [&](char byte) {
    text.push_back(byte);
    const bool agrees = all_agree(lists, text);
    if (agrees) text.pop_back();  // else it is what is shown
    return agrees;
  });
}
void check_all(std::initializer_list<std::string_view> lists) {
  std::string text;
  const bool agree = all_agree(lists, text);
  CHECK_MESSAGE(agree, "not as in the table: " << printable(text));
}

std::string range(int from, int to) {
  std::string bytes;
  for (int byte = from; byte <= to; ++byte) bytes.push_back(static_cast<char>(byte));
  return bytes;
}
const std::string kAll = range(0x00, 0xFF);
// The first and the last of every kind of byte.
const std::string kBorders = "\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xff"s;

}  // namespace

TEST_CASE("every code point comes out of its bytes, and surrogates do not") {
  char32_t wrong = 0;
  for (char32_t code_point = 0; code_point <= 0x10FFFF && wrong == 0; ++code_point) {
    const std::string bytes = encode(code_point);
    std::string_view text = bytes;
    const auto taken = take_code_point(text);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    const bool right = surrogate ? !taken && text == bytes : taken == code_point && text.empty();
    if (!right || is_utf8(bytes) == surrogate) wrong = code_point;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is above U+10FFFF is none") {
  for (const char32_t code_point : {0x110000U, 0x13FFFFU, 0x140000U, 0x1FFFFFU}) {
    CHECK_FALSE(is_utf8(encode(code_point)));
  }
}

TEST_CASE("all sequences of one byte and of two bytes are as the table says") {
  check_all({kAll});
  check_all({kAll, kAll});
}

TEST_CASE("sequences of three bytes are as the table says") {
  check_all({range(0xE0, 0xEF), kAll, kBorders});
  check_all({range(0xE0, 0xEF), kBorders, kAll});
  check_all({kAll, kBorders, kBorders});
}

TEST_CASE("sequences of four and five bytes are as the table says") {
  check_all({range(0xF0, 0xFF), kAll, kBorders, kBorders});
  check_all({kAll, kBorders, kBorders, kBorders});
  check_all({range(0xF8, 0xFF), kBorders, kBorders, kBorders, kBorders});
}

TEST_CASE("the code points of a text come one after another") {
  std::string_view text = "aя€𝄞";
  for (const char32_t expected : {U'a', U'я', U'€', U'𝄞'}) {
    CHECK((take_code_point(text) == expected));
  }
  CHECK(text.empty());
}

TEST_CASE("a text is UTF-8 if all of it is") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("\0"s));
  CHECK(is_utf8("Привет, 世界 𝄞\r\n\t\x1b"));
  CHECK_FALSE(is_utf8("Привет\xff"));
  CHECK_FALSE(is_utf8("Приве\xd1"));  // the last character is cut
  CHECK_FALSE(is_utf8("\x82ривет"));  // the first one is
}

TEST_CASE("control characters are C0, DEL and C1") {
  for (char32_t code_point = 0; code_point < 0x200; ++code_point) {
    const bool expected = code_point <= 0x1F || (code_point >= 0x7F && code_point <= 0x9F);
    CHECK(is_control(code_point) == expected);
  }
  CHECK_FALSE(is_control(U'\u2028'));
  CHECK_FALSE(is_control(0x10FFFF));
}

TEST_CASE("printable leaves what can be read as it is") {
  CHECK(printable("") == "");
  CHECK(printable("Привет, 世界 𝄞 \\ \"~\"\u00a0") == "Привет, 世界 𝄞 \\ \"~\"\u00a0");
}

TEST_CASE("printable writes control characters and wrong bytes as hexadecimal digits") {
  CHECK(printable("a\nb\r\t\0c"s) == "a\\x0ab\\x0d\\x09\\x00c");
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\u0080\u009b\u009f") == "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");  // C1 in UTF-8
  CHECK(printable("\x9b") == "\\x9b");                                         // C1 in Latin-1
  CHECK(printable("a\xff\xd0\xd0\xb0") == "a\\xff\\xd0а");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");
}

TEST_CASE("whatever goes in, printable gives out UTF-8 without a control character") {
  bool clean = true;
  for (const char first : kAll) {
    for (const char second : kAll) {
      const std::string shown = printable(std::string{first, second});
      clean = clean && is_utf8(shown);
      for (std::string_view left = shown; clean && !left.empty();) {
        clean = !is_control(take_code_point(left).value());
      }
    }
  }
  CHECK(clean);
}

TEST_CASE("in_quotes shows up to 64 characters, and that there were more") {
  const auto times = [](std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  CHECK(in_quotes("") == "\"\"");
  CHECK(in_quotes("abc") == "\"abc\"");
  CHECK(in_quotes("a\nb\x1b") == "\"a\\x0ab\\x1b\"");
  for (const char* const character : {"x", "я", "𝄞"}) {
    CHECK(in_quotes(times(64, character)) == "\"" + times(64, character) + "\"");
    CHECK(in_quotes(times(65, character)) == "\"" + times(64, character) + "...\"");
    CHECK(in_quotes(times(100'000, character)) == "\"" + times(64, character) + "...\"");
  }
  CHECK(in_quotes(times(65, "\xff")) == "\"" + times(64, "\\xff") + "...\"");
  CHECK(in_quotes(times(63, "x") + "\xd0") == "\"" + times(63, "x") + "\\xd0\"");
}

TEST_CASE("trimmed takes away spaces around a text, and nothing else") {
  CHECK(trimmed("") == "");
  CHECK(trimmed("   ") == "");
  CHECK(trimmed("a") == "a");
  CHECK(trimmed("  a b  ") == "a b");
  CHECK(trimmed(" \ta\r\n ") == "\ta\r\n");
  CHECK(trimmed("\u00a0a\0"s) == "\u00a0a\0"s);
}
