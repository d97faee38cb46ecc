// The limit of lab 1: the same echo in portions of 1,024 bytes, without anything around it.
//
//   bare_echo PORT silent    says nothing
//   bare_echo PORT write     says the messages of lab 1, each in one write()
//   bare_echo PORT endl      says them by std::cout and std::endl
//   bare_echo PORT cerr      says them by std::cerr
//   bare_echo PORT delayed   as write, but without TCP_NODELAY

#include <cstring>
#include <iostream>

#include "bare.hpp"

namespace {

enum class Way { kSilent, kWrite, kEndl, kCerr };

void tell(Way way, const char* event, std::size_t count, const char* from, const Client& client) {
  if (way == Way::kWrite) say(STDERR_FILENO, false, event, count, from, client);
  if (way == Way::kEndl) {
    std::cout << "[server] " << event << ": " << count << " bytes " << from << " " << client.name
              << std::endl;
  }
  if (way == Way::kCerr) {
    std::cerr << "[server] " << event << ": " << count << " bytes " << from << " " << client.name
              << "\n";
  }
}

void echo(const Client& client, Way way) {
  char portion[1024];
  ssize_t size = 0;
  while ((size = ::recv(client.descriptor, portion, sizeof portion, 0)) > 0) {
    const auto count = static_cast<std::size_t>(size);
    tell(way, "receive", count, "from", client);
    if (!send_all(client.descriptor, portion, count)) return;
    tell(way, "send", count, "to", client);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  const bool delayed = std::strcmp(argv[2], "delayed") == 0;
  Way way = Way::kWrite;
  if (std::strcmp(argv[2], "silent") == 0) way = Way::kSilent;
  if (std::strcmp(argv[2], "endl") == 0) way = Way::kEndl;
  if (std::strcmp(argv[2], "cerr") == 0) way = Way::kCerr;
  const int listener = open_listener(argv[1]);
  while (true) {
    const Client client = accept_client(listener, delayed);
    echo(client, way);
    ::close(client.descriptor);
  }
}
