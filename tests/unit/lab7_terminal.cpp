// A terminal whose mode is another one for a while, and is set back on every way out.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "child.hpp"
#include "descriptors.hpp"
#include "lab7_auth/terminal_mode.hpp"
#include "waiting.hpp"

namespace {

// A pseudo-terminal: what is written to `keyboard` is typed, what is read from it is shown. See
// pty(7).
struct Terminal {
  Terminal() {
    check("grantpt", ::grantpt(keyboard.number()));
    check("unlockpt", ::unlockpt(keyboard.number()));
    std::array<char, 64> path{};
    check("ptsname_r", -::ptsname_r(keyboard.number(), path.data(), path.size()));
    line = Descriptor(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  termios mode() const {
    termios now{};
    check("tcgetattr", ::tcgetattr(line.number(), &now));
    return now;
  }
  bool has(tcflag_t flag) const { return (mode().c_lflag & flag) != 0; }
  bool is_as(const termios& before) const {
    const termios now = mode();
    return now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag &&
           now.c_oflag == before.c_oflag && now.c_cflag == before.c_cflag &&
           std::memcmp(now.c_cc, before.c_cc, sizeof now.c_cc) == 0;
  }

  Descriptor keyboard{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  Descriptor line{::dup(keyboard.number())};  // until its name is known
};

using Handler = void (*)(int);

Handler action_of(int number) {
  struct sigaction action {};
  check("sigaction", ::sigaction(number, nullptr, &action));
  return action.sa_handler;
}

// A child that sits at this terminal, as at its own, with another mode, until it is ended.
Child at_password(const Terminal& terminal) {
  return Child([&terminal] {
    ::setsid();
    check("TIOCSCTTY", ::ioctl(terminal.line.number(), TIOCSCTTY, 0));
    ::dup2(terminal.line.number(), STDIN_FILENO);
    for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
      static_cast<void>(::signal(number, SIG_DFL));
    }
    const TerminalMode hidden(ECHO, ECHONL);
    char answer = 0;
    while (::read(STDIN_FILENO, &answer, 1) == 1) {
    }
  });
}

}  // namespace

TEST_CASE("flags are taken away and added, and all is set back in the end") {
  const Terminal terminal;
  const Redirected redirected(STDIN_FILENO, terminal.line);
  const termios before = terminal.mode();
  CHECK(terminal.has(ECHO));
  CHECK_FALSE(terminal.has(ECHONL));
  {
    const TerminalMode hidden(ECHO, ECHONL);
    CHECK_FALSE(terminal.has(ECHO));
    CHECK(terminal.has(ECHONL));
    CHECK(terminal.has(ICANON));
    CHECK(terminal.has(ISIG));
  }
  CHECK(terminal.is_as(before));
  {
    const TerminalMode by_character(ICANON | ECHO, 0);
    CHECK_FALSE(terminal.has(ICANON));
  }
  CHECK(terminal.is_as(before));
}

TEST_CASE("what is typed while it is hidden is not shown, and read all the same") {
  const Terminal terminal;
  const Redirected redirected(STDIN_FILENO, terminal.line);
  std::array<char, 64> buffer{};
  {
    const TerminalMode hidden(ECHO, ECHONL);
    write_all(terminal.keyboard, "secret\n");
    const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    CHECK(std::string_view(buffer.data(), static_cast<std::size_t>(size)) == "secret\n");
  }
  write_all(terminal.keyboard, "shown\n");
  std::string shown;
  while (!shown.ends_with("shown\r\n")) {
    const ssize_t size = ::read(terminal.keyboard.number(), buffer.data(), buffer.size());
    REQUIRE(size > 0);
    shown.append(buffer.data(), static_cast<std::size_t>(size));
  }
  CHECK(shown == "\r\nshown\r\n");  // the newline of what was hidden, and what was not
}

TEST_CASE("the handlers of signals are those of before, in the end") {
  const Terminal terminal;
  const Redirected redirected(STDIN_FILENO, terminal.line);
  // A shell starts with some of them ignored what it starts in the background.
  for (const int number : {SIGINT, SIGQUIT, SIGHUP}) static_cast<void>(::signal(number, SIG_DFL));
  const CountedSignal counted(SIGTERM);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    CAPTURE(number);
    const Handler before = action_of(number);
    {
      const TerminalMode hidden(ECHO, ECHONL);
      CHECK((action_of(number) != before));
    }
    CHECK((action_of(number) == before));
  }
}

TEST_CASE("a signal that was to be ignored still is, as under nohup") {
  const Terminal terminal;
  const Redirected redirected(STDIN_FILENO, terminal.line);
  const Handler before = ::signal(SIGHUP, SIG_IGN);
  {
    const TerminalMode hidden(ECHO, ECHONL);
    CHECK((action_of(SIGHUP) == SIG_IGN));
    CHECK((action_of(SIGTERM) != SIG_IGN));
  }
  CHECK((action_of(SIGHUP) == SIG_IGN));
  static_cast<void>(::signal(SIGHUP, before));
}

TEST_CASE("where standard input is no terminal nothing happens") {
  const Descriptor file = memory_file("secret\n");
  const Redirected redirected(STDIN_FILENO, file);
  const Handler before = action_of(SIGTERM);
  const TerminalMode hidden(ECHO, ECHONL);
  CHECK((action_of(SIGTERM) == before));
}

TEST_CASE("Ctrl-Z does not suspend, and does again in the end") {
  const Terminal terminal;
  const Redirected redirected(STDIN_FILENO, terminal.line);
  const termios before = terminal.mode();
  CHECK(before.c_cc[VSUSP] == '\x1a');
  {
    const TerminalMode hidden(ECHO, ECHONL);
    CHECK(terminal.mode().c_cc[VSUSP] == _POSIX_VDISABLE);
    write_all(terminal.keyboard, "pass\x1aword\n");
    std::array<char, 64> buffer{};
    const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    CHECK(std::string_view(buffer.data(), static_cast<std::size_t>(size)) == "pass\x1aword\n");
  }
  CHECK(terminal.is_as(before));
}

TEST_CASE("a signal ends the program, and sets the terminal back before") {
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    CAPTURE(number);
    const Terminal terminal;
    const termios before = terminal.mode();
    Child child = at_password(terminal);
    wait_until([&] { return !terminal.has(ECHO) && child.is_asleep(); });
    child.send_signal(number);
    CHECK(child.ending_signal() == number);
    CHECK(terminal.is_as(before));
  }
}

TEST_CASE("Ctrl-C ends the program, and sets the terminal back before") {
  for (const int number : {SIGINT, SIGQUIT}) {
    CAPTURE(number);
    const Terminal terminal;
    const termios before = terminal.mode();
    Child child = at_password(terminal);
    wait_until([&] { return !terminal.has(ECHO) && child.is_asleep(); });
    write_all(terminal.keyboard, "half a passw");
    write_all(terminal.keyboard, number == SIGINT ? "\x03" : "\x1c");
    CHECK(child.ending_signal() == number);
    CHECK(terminal.is_as(before));
  }
}
