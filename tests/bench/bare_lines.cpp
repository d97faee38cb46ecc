// The limit of labs 2 and 4: lines cut out of what recv() brings, 1,024 bytes at most at a time,
// and returned with one send() each.
//
//   bare_lines PORT console    says the messages of lab 2, on standard error
//   bare_lines PORT log        writes those of lab 4 to the file bare.log, a write() each
//   bare_lines PORT fsync      the same, and waits after each until it is on the disk

#include <fcntl.h>

#include <cstring>

#include "bare.hpp"

namespace {

constexpr std::size_t kMaxLine = 65'536;
constexpr std::size_t kPortion = 1024;

int log_file = STDERR_FILENO;
bool with_time = false;
bool with_fsync = false;

void tell(const char* event, std::size_t count, const char* way, const Client& client) {
  say(log_file, with_time, event, count, way, client);
  if (with_fsync && ::fsync(log_file) < 0) fail("fsync");
}

void echo(const Client& client) {
  static char buffer[kMaxLine + kPortion];
  std::size_t filled = 0;
  while (filled <= kMaxLine) {
    const ssize_t size = ::recv(client.descriptor, buffer + filled, kPortion, 0);
    if (size <= 0) return;
    tell("receive", static_cast<std::size_t>(size), "from", client);
    const char* searched = buffer + filled;
    filled += static_cast<std::size_t>(size);
    const char* begin = buffer;
    while (const void* end =
               std::memchr(searched, '\n', static_cast<std::size_t>(buffer + filled - searched))) {
      searched = static_cast<const char*>(end) + 1;
      const auto count = static_cast<std::size_t>(searched - begin);
      if (!send_all(client.descriptor, begin, count)) return;
      tell("send", count, "to", client);
      begin = searched;
    }
    filled = static_cast<std::size_t>(buffer + filled - begin);
    std::memmove(buffer, begin, filled);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  if (std::strcmp(argv[2], "console") != 0) {
    log_file = ::open("bare.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_file < 0) fail("open");
    with_time = true;
    with_fsync = std::strcmp(argv[2], "fsync") == 0;
  }
  const int listener = open_listener(argv[1]);
  while (true) {
    const Client client = accept_client(listener);
    echo(client);
    ::close(client.descriptor);
  }
}
