#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace grade {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Terminal::Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  if (master_ < 0) fail("posix_openpt");
  std::array<char, 64> path{};
  if (::grantpt(master_) != 0 || ::unlockpt(master_) != 0) fail("unlockpt");
  if (::ptsname_r(master_, path.data(), path.size()) != 0) fail("ptsname");
  path_ = path.data();
}

Terminal::~Terminal() {
  if (master_ >= 0) ::close(master_);
}

int Terminal::take_master() {
  return std::exchange(master_, -1);
}

std::string terminal_settings(int descriptor) {
  termios settings{};
  if (::tcgetattr(descriptor, &settings) != 0) fail("tcgetattr");
  std::string text;
  for (const tcflag_t flags :
       {settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag}) {
    text += std::to_string(flags) + " ";
  }
  for (const cc_t character : settings.c_cc) text += std::to_string(character) + " ";
  return text;
}

std::string untouched_terminal() {
  Terminal terminal;
  const int master = terminal.take_master();
  const std::string settings = terminal_settings(master);
  ::close(master);
  return settings;
}

void switch_echo_off(int master) {
  termios settings{};
  if (::tcgetattr(master, &settings) != 0) fail("tcgetattr");
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (::tcsetattr(master, TCSANOW, &settings) != 0) fail("tcsetattr");
}

void wait_until_taken_in(int master) {
  const int slave = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail("ioctl TIOCGPTPEER");
  pollfd polled{slave, POLLIN, 0};
  ::poll(&polled, 1, 0);  // before it answers, the kernel takes in what has been typed
  ::close(slave);
}

}  // namespace grade
