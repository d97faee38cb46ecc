// The lines of standard input, and on a terminal the one that is being typed: whatever else comes
// to the screen is shown above it.
//
// A terminal edits a line by itself, but then nobody else knows what stands there. So it is told
// to pass on each key at once, and not to show it, and the editing is done here. Characters that
// take two columns, as Chinese ones do, are counted as one: a line of them may be erased in part.

#pragma once

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "input_lines.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"
#include "terminal_mode.hpp"

class TypedLines {
 public:
  // Goes on where `input` has stopped reading. The prompt is shown on a terminal alone.
  TypedLines(InputLines& input, std::string prompt) : input_(input), prompt_(std::move(prompt)) {
    if (::isatty(STDIN_FILENO)) mode_.emplace(ICANON | ECHO, 0);
  }

  // As those of InputLines.
  std::optional<std::string> take() {
    if (auto line = input_.take()) return line;
    if (lines_.empty()) return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }
  void read_more() {
    if (!mode_) return input_.read_more();
    std::array<std::byte, 4096> buffer;
    const auto keys = read_input(buffer);
    if (!keys) ended_ = true;
    if (keys) {
      for (const char key : as_text(*keys)) press(key);
    }
  }
  bool ended() const noexcept { return mode_ ? ended_ : input_.ended(); }

  // Shows the prompt and the line, and takes them off the screen again, before anything else is
  // written to it.
  void draw() {
    if (!mode_ || drawn_) return;
    const std::string shown = prompt_ + printable(line_);
    tell(shown);
    drawn_ = true;
    rows_ = rows_of(shown);
  }
  void hide() {
    if (!std::exchange(drawn_, false)) return;
    const std::string up = rows_ > 1 ? "\x1b[" + std::to_string(rows_ - 1) + "A" : "";
    tell(up + "\r\x1b[J");  // to the first column; from there on, all is erased
  }

 private:
  static constexpr char kEscape = '\x1b';
  static constexpr char kCtrlD = '\x04';
  static constexpr char kCtrlU = '\x15';
  static constexpr char kBackspace = '\x7f';

  void press(char key) {
    if (sequence_ != Sequence::kNone || key == kEscape) {
      skip_sequence(key);
    } else if (key == '\n' || key == '\r') {
      hide();
      tell(prompt_ + printable(line_) + "\n");
      lines_.push_back(std::exchange(line_, ""));
    } else if (key == kBackspace || key == '\b') {
      erase_character();
    } else if (key == kCtrlU) {
      line_.clear();
    } else if (key == kCtrlD) {
      ended_ = ended_ || line_.empty();
    } else if (static_cast<unsigned char>(key) >= ' ') {
      line_.push_back(key);
    }
  }

  // Arrows and other keys that are no characters send ESC, "[" or "O", and some more up to a
  // letter or "~". They do nothing here.
  void skip_sequence(char key) {
    if (key == kEscape) {
      sequence_ = Sequence::kEscape;
    } else if (sequence_ == Sequence::kEscape && (key == '[' || key == 'O')) {
      sequence_ = Sequence::kMore;
    } else if (sequence_ == Sequence::kEscape || key >= '@') {
      sequence_ = Sequence::kNone;
    }
  }

  // The last character, which is one byte or several: all but the first look like 10xxxxxx.
  void erase_character() {
    while (!line_.empty() && (line_.back() & 0xC0) == 0x80) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
  }

  static std::size_t rows_of(std::string_view shown) {
    winsize window{};
    ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
    const std::size_t columns = window.ws_col == 0 ? 80 : window.ws_col;
    std::size_t characters = 0;
    for (; !shown.empty(); ++characters) take_code_point(shown);
    return (characters + columns - 1) / columns;
  }

  enum class Sequence { kNone, kEscape, kMore };

  InputLines& input_;
  std::string prompt_;
  std::optional<TerminalMode> mode_;  // on a terminal alone
  std::string line_;                  // as far as it is typed
  std::deque<std::string> lines_;     // typed to their end
  Sequence sequence_ = Sequence::kNone;
  bool ended_ = false;
  bool drawn_ = false;
  std::size_t rows_ = 0;  // that the drawn line takes
};
