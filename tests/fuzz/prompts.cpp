// The questions of lab 3: whatever is typed, the port is the first good answer, and what is shown
// of it cannot command a terminal.

#include "fuzz.hpp"
#include "lab3_config/prompt.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <string>

const std::string_view kProgram = "fuzz";

namespace {

// A port, or 0 if `text` is none.
unsigned port_in(std::string_view text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  if (!digits || text.size() > 5) return 0;
  unsigned port = 0;
  for (const char digit : text) port = port * 10 + static_cast<unsigned>(digit - '0');
  return port <= 65535 ? port : 0;
}

unsigned first_good_answer(std::string_view typed) {
  while (!typed.empty()) {
    std::string_view answer = typed.substr(0, typed.find('\n'));
    typed.remove_prefix(std::min(answer.size() + 1, typed.size()));
    if (answer.ends_with('\r')) answer.remove_suffix(1);
    answer.remove_prefix(std::min(answer.find_first_not_of(' '), answer.size()));
    answer = answer.substr(0, answer.find_last_not_of(' ') + 1);
    if (answer.empty()) return 9090;
    if (const unsigned port = port_in(answer)) return port;
  }
  return 9090;
}

void type(std::string_view text) {
  const int file = ::memfd_create("typed", 0);
  require(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  require(::lseek(file, 0, SEEK_SET) == 0, "lseek");
  require(::dup2(file, STDIN_FILENO) == STDIN_FILENO, "dup2");
  ::close(file);
}

void check_shown(const std::string& shown) {
  require(is_utf8(shown), "what is shown is UTF-8");
  for (std::string_view rest = shown; !rest.empty();) {
    require(!is_control(*take_code_point(rest)), "what is shown holds no control character");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string typed(reinterpret_cast<const char*>(bytes), size);
  type(typed);
  InputLines input;
  require(ask_port(input) == first_good_answer(typed), "the port is the first good answer");
  check_shown(printable(typed));
  check_shown(in_quotes(typed));
  return 0;
}
