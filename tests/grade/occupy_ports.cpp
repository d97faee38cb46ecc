#include "occupy_ports.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "address.hpp"

namespace grade {
namespace {

constexpr unsigned kFirst = 1024;
constexpr unsigned kLast = 65535;

int wait_for_end_of_input() {
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}

// A socket, in a new process if this one may have no more of them. The one before keeps what it
// has until the end.
int open_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  if (descriptor >= 0 || errno != EMFILE) return descriptor;
  if (::fork() > 0) ::_exit(wait_for_end_of_input());
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  return ::socket(AF_INET, SOCK_STREAM, 0);
}

bool take(unsigned port) {
  const int descriptor = open_socket();
  const Address address("0.0.0.0", static_cast<std::uint16_t>(port));
  return ::bind(descriptor, address.data(), address.size()) == 0;
}

}  // namespace

int occupy_ports() {
  for (unsigned port = kFirst; port <= kLast; ++port) {
    if (take(port)) continue;
    std::printf("port %u could not be taken: %s\n", port, std::strerror(errno));
    return 1;
  }
  std::printf("%s\n", kOccupied.c_str());
  std::fflush(stdout);
  return wait_for_end_of_input();
}

}  // namespace grade
