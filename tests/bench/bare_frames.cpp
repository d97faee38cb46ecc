// The limit of lab 8: frames returned as they came, and logged as lab 8 does; and three other ways.
//
//   bare_frames PORT ahead        a recv() takes all that is there; one send() a frame
//   bare_frames PORT together     the same, and one send() for all frames that came together
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

// The size of the first whole frame of those that are there, or 0 if there is none.
std::size_t size_of_first(const char* frames, std::size_t there) {
  if (there < kHeader || there < kHeader + length_at(frames)) return 0;
  return kHeader + length_at(frames);
}

// Sends what is whole of `frames`, a frame at a time; how many bytes that were.
std::size_t answer_each(const Client& client, const char* frames, std::size_t there) {
  std::size_t done = 0;
  while (const std::size_t size = size_of_first(frames + done, there - done)) {
    tell("receive", size - kHeader, "from", client);
    if (!send_all(client.descriptor, frames + done, size)) return done;
    tell("send", size - kHeader, "to", client);
    done += size;
  }
  return done;
}

// The same with one send().
std::size_t answer_together(const Client& client, const char* frames, std::size_t there) {
  std::size_t whole = 0;
  while (const std::size_t size = size_of_first(frames + whole, there - whole)) {
    tell("receive", size - kHeader, "from", client);
    whole += size;
  }
  if (!send_all(client.descriptor, frames, whole)) return 0;
  for (std::size_t told = 0; told < whole; told += kHeader + length_at(frames + told)) {
    tell("send", length_at(frames + told), "to", client);
  }
  return whole;
}

template <typename Answer>
void echo_ahead(const Client& client, Answer answer) {
  std::size_t filled = 0;
  ssize_t size = 0;
  while ((size = ::recv(client.descriptor, buffer + filled, sizeof buffer - filled, 0)) > 0) {
    filled += static_cast<std::size_t>(size);
    const std::size_t done = answer(client, buffer, filled);
    filled -= done;
    std::memmove(buffer, buffer + done, filled);
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
      echo_ahead(client, answer_each);
    } else if (std::strcmp(argv[2], "together") == 0) {
      echo_ahead(client, answer_together);
    } else {
      echo_in_parts(client, two_sends);
    }
    ::close(client.descriptor);
  }
}
