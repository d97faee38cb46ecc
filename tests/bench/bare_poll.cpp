// The limit of lab 9: one poll() loop returns the frames of all, shows each on standard output, and
// logs as lab 9 does.
//
//   bare_poll PORT         answers at once
//   bare_poll PORT hash    hashes a message "password" before it answers: what a loop must not do

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>

#include <cstring>
#include <vector>

#include "bare.hpp"

namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kRoom = 4096;

struct Talker {
  Client client;
  std::size_t filled = 0;
  char buffer[kRoom];
};

int log_file = -1;
bool hashes = false;

void hash() {
  constexpr unsigned char kSalt[] = "a salt of 22 characters";
  unsigned char record[32];
  PKCS5_PBKDF2_HMAC("password", 8, kSalt, sizeof kSalt - 1, 600'000, EVP_sha256(), sizeof record,
                    record);
}

void show(const char* payload, std::size_t size) {
  char line[kRoom + 16];
  const int length =
      std::snprintf(line, sizeof line, "bench: %.*s\n", static_cast<int>(size), payload);
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) < 0) fail("write");
}

bool answer_frame(const Talker& talker, const char* frame, std::size_t payload) {
  say(log_file, true, "receive", payload, "from", talker.client);
  show(frame + kHeader, payload);
  if (hashes && payload == 8 && std::memcmp(frame + kHeader, "password", 8) == 0) hash();
  if (!send_all(talker.client.descriptor, frame, kHeader + payload)) return false;
  say(log_file, true, "send", payload, "to", talker.client);
  return true;
}

// False if the client is gone.
bool serve(Talker& talker) {
  const ssize_t size =
      ::recv(talker.client.descriptor, talker.buffer + talker.filled, kRoom - talker.filled, 0);
  if (size <= 0) return false;
  talker.filled += static_cast<std::size_t>(size);
  std::size_t begin = 0;
  while (talker.filled - begin >= kHeader) {
    std::uint32_t length = 0;
    std::memcpy(&length, talker.buffer + begin, kHeader);
    const std::size_t payload = ntohl(length);
    if (payload > kRoom - kHeader) return false;
    if (talker.filled - begin < kHeader + payload) break;
    if (!answer_frame(talker, talker.buffer + begin, payload)) return false;
    begin += kHeader + payload;
  }
  talker.filled -= begin;
  std::memmove(talker.buffer, talker.buffer + begin, talker.filled);
  return true;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc < 2) return 2;
  hashes = argc == 3;
  log_file = ::open("bare.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_file < 0) fail("open");
  std::vector<pollfd> polled = {{open_listener(argv[1]), POLLIN, 0}};
  std::vector<Talker> talkers(1);  // the first stands for the listener
  while (true) {
    if (::poll(polled.data(), polled.size(), -1) < 0) fail("poll");
    for (std::size_t i = polled.size() - 1; i > 0; --i) {
      if (polled[i].revents == 0 || serve(talkers[i])) continue;
      ::close(polled[i].fd);
      polled[i] = polled.back();
      talkers[i] = talkers.back();
      polled.pop_back();
      talkers.pop_back();
    }
    if (polled[0].revents != 0) {
      Talker talker{};
      talker.client = accept_client(polled[0].fd);
      talkers.push_back(talker);
      polled.push_back({talker.client.descriptor, POLLIN, 0});
    }
  }
}
