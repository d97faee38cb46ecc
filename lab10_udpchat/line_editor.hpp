// LineEditor: the line that is being typed. The terminal would edit it by itself, but then nobody
// else knows what is on the screen, and a message that arrives would be written into the middle of
// it. No terminal is in here: keys in, lines and what is to be shown out.
//
// It is as small as it can be: the cursor is always at the end, and the row shows the end of a line
// that is longer than the row.

#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "columns.hpp"
#include "shared/utf8.hpp"

class LineEditor {
 public:
  explicit LineEditor(std::string prompt) : prompt_(std::move(prompt)) {}

  // Takes what was typed, and is what to write to a terminal whose rows have `columns`.
  std::string type(std::string_view keys, int columns) {
    std::string shown;
    for (const char key : keys) {
      if (!in_sequence(key) && press(key)) {
        shown.append(row(columns)).append("\n");
        lines_.push_back(std::exchange(line_, {}));
      }
    }
    return shown.append(row(columns));
  }

  // The prompt and the line, in place of what the row shows now.
  std::string row(int columns) const {
    const int room = std::max(10, columns - columns_of(prompt_) - 1);
    std::string_view end = line_;
    for (int width = columns_of(end); width > room;) {
      const std::string_view before = end;
      if (!take_code_point(end)) end.remove_prefix(1);
      width -= columns_of(before.substr(0, before.size() - end.size()));
    }
    return std::string(kEmptyRow).append(prompt_).append(printable(end));
  }

  // An empty row, for a message that comes in between.
  static constexpr std::string_view kEmptyRow = "\r\033[K";  // to its begin, and erase to its end

  // The next line that was typed whole, or std::nullopt.
  std::optional<std::string> next() {
    if (lines_.empty()) return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

  // True after Ctrl-D on an empty line.
  bool ended() const noexcept { return ended_; }

 private:
  // True at the end of a line.
  bool press(char key) {
    constexpr char kCtrlD = 0x04;
    constexpr char kCtrlH = 0x08;
    constexpr char kCtrlU = 0x15;
    constexpr char kCtrlW = 0x17;
    constexpr char kDelete = 0x7F;
    if (key == '\n' || key == '\r') return true;
    if (key == kDelete || key == kCtrlH) {
      erase_character();
    } else if (key == kCtrlU) {
      line_.clear();
    } else if (key == kCtrlW) {
      erase_word();
    } else if (key == kCtrlD) {
      ended_ = ended_ || line_.empty();
    } else if (static_cast<unsigned char>(key) >= ' ') {
      line_.push_back(key);
    }
    return false;
  }

  // Arrows and the like send several bytes, which begin with ESC and are no text: "\033[A". See
  // console_codes(4).
  bool in_sequence(char key) {
    if (key == '\033') {
      sequence_ = Sequence::kBegun;
    } else if (sequence_ == Sequence::kBegun) {
      sequence_ = key == '[' || key == 'O' ? Sequence::kInside : Sequence::kNone;
    } else if (sequence_ == Sequence::kInside) {
      if (key >= '@' && key <= '~') sequence_ = Sequence::kNone;
    } else {
      return false;
    }
    return true;
  }

  // All its bytes: the first of a character is the one that is no continuation byte, 10xxxxxx.
  void erase_character() {
    while (!line_.empty() && (line_.back() & 0xC0) == 0x80) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
  }

  void erase_word() {
    while (line_.ends_with(' ')) line_.pop_back();
    while (!line_.empty() && !line_.ends_with(' ')) line_.pop_back();
  }

  enum class Sequence { kNone, kBegun, kInside };

  std::string prompt_;
  std::string line_;
  std::deque<std::string> lines_;
  Sequence sequence_ = Sequence::kNone;
  bool ended_ = false;
};
