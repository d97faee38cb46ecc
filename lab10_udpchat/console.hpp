// Console: the user's keyboard and screen. On a terminal, what is told goes above the line that is
// being typed; in a pipe there is no such line, and all is as in the labs before.

#pragma once

#include <unistd.h>

#include <array>
#include <clocale>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "columns.hpp"
#include "input_lines.hpp"
#include "line_editor.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"
#include "terminal_mode.hpp"

class Console {
 public:
  explicit Console(InputLines& input) : input_(input) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() { end(); }

  // From now on lines are typed behind a prompt, if standard input is a terminal.
  void begin(std::string prompt) {
    if (!::isatty(STDIN_FILENO)) return;
    std::setlocale(LC_CTYPE, "");  // for wcwidth()
    mode_.emplace(ICANON | ECHO | IEXTEN, 0);
    editor_.emplace(std::move(prompt));
    tell(editor_->row(columns()));
  }

  void end() {
    if (editor_) tell(LineEditor::kEmptyRow);
    editor_.reset();
    mode_.reset();
  }

  // Reads once what has been typed; waits if there is nothing.
  void read() {
    if (!editor_) return input_.read_more();
    std::array<std::byte, 4096> buffer;
    const auto keys = read_input(buffer);
    hung_up_ = !keys;
    if (keys) tell(editor_->type(as_text(*keys), columns()));
  }

  // The next line that has been read; std::nullopt if there is none.
  std::optional<std::string> next() { return editor_ ? editor_->next() : input_.take(); }

  // True if there is no more to read; lines may be left to be taken.
  bool ended() const noexcept { return editor_ ? editor_->ended() || hung_up_ : input_.ended(); }

  // Calls `show`, which writes whole lines to standard output or error.
  template <typename Show>
  void above_the_line(Show show) {
    if (editor_) tell(LineEditor::kEmptyRow);
    show();
    if (editor_) tell(editor_->row(columns()));
  }

 private:
  InputLines& input_;
  std::optional<TerminalMode> mode_;
  std::optional<LineEditor> editor_;
  bool hung_up_ = false;
};
