// The limit of lab 8: frames returned as they came, and logged as lab 8 does; and two slower ways.
//
//   bare_frames PORT ahead        a recv() takes all that is there; one send() a frame
//   bare_frames PORT two-recvs    a recv() for the header, one for the payload; one send() a frame
//   bare_frames PORT two-sends    the same, and a send() for each as well, without TCP_NODELAY

#include <fcntl.h>

#include <cstring>

#include "bare.hpp"

namespace {

constexpr std::size_t kHeader = 4;

int log_file = -1;
char buffer[64 * 1024];

void tell(const char* event, std::size_t count, const char* way, const Client& client) {
  say(log_file, true, event, count, way, client);
}

std::size_t length_at(const char* header) {
  std::uint32_t length = 0;
  std::memcpy(&length, header, kHeader);
  return ntohl(length);
}

// Sends the first whole frame of those that are there; its size, or 0 if there is none.
std::size_t answer_frame(const Client& client, const char* frame, std::size_t there) {
  if (there < kHeader || there < kHeader + length_at(frame)) return 0;
  const std::size_t payload = length_at(frame);
  tell("receive", payload, "from", client);
  if (!send_all(client.descriptor, frame, kHeader + payload)) return 0;
  tell("send", payload, "to", client);
  return kHeader + payload;
}

void echo_ahead(const Client& client) {
  std::size_t filled = 0;
  ssize_t size = 0;
  while ((size = ::recv(client.descriptor, buffer + filled, sizeof buffer - filled, 0)) > 0) {
    filled += static_cast<std::size_t>(size);
    std::size_t begin = 0;
    while (const std::size_t frame = answer_frame(client, buffer + begin, filled - begin)) {
      begin += frame;
    }
    filled -= begin;
    std::memmove(buffer, buffer + begin, filled);
  }
}

bool receive_exactly(int descriptor, char* bytes, std::size_t size) {
  return size == 0 || ::recv(descriptor, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

void echo_in_parts(const Client& client, bool two_sends) {
  while (receive_exactly(client.descriptor, buffer, kHeader)) {
    const std::size_t payload = length_at(buffer);
    if (payload > sizeof buffer - kHeader) return;
    if (!receive_exactly(client.descriptor, buffer + kHeader, payload)) return;
    tell("receive", payload, "from", client);
    const std::size_t first = two_sends ? kHeader : kHeader + payload;
    if (!send_all(client.descriptor, buffer, first)) return;
    if (!send_all(client.descriptor, buffer + first, kHeader + payload - first)) return;
    tell("send", payload, "to", client);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  log_file = ::open("bare.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_file < 0) fail("open");
  const bool two_sends = std::strcmp(argv[2], "two-sends") == 0;
  const int listener = open_listener(argv[1]);
  while (true) {
    const Client client = accept_client(listener, two_sends);
    if (std::strcmp(argv[2], "ahead") == 0) {
      echo_ahead(client);
    } else {
      echo_in_parts(client, two_sends);
    }
    ::close(client.descriptor);
  }
}
