// The limit of lab 10: the same datagrams to all members, without cookies, tokens, or anything that
// is sent again.
//
//   bare_chat PORT sendto      a system call a member
//   bare_chat PORT sendmmsg    a system call for up to 1,024 of them

#include <algorithm>
#include <cstring>
#include <vector>

#include "bare.hpp"

namespace {

int descriptor = -1;
std::vector<sockaddr_in> members;
std::vector<mmsghdr> headers;

void send_to(const sockaddr_in& to, const char* bytes, std::size_t size) {
  ::sendto(descriptor, bytes, size, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

void send_to_all(std::vector<sockaddr_in>& others, char* bytes, std::size_t size, bool mmsg) {
  if (!mmsg) {
    for (const sockaddr_in& member : others) send_to(member, bytes, size);
    return;
  }
  iovec part = {bytes, size};
  headers.assign(others.size(), mmsghdr{});
  for (std::size_t i = 0; i < others.size(); ++i) {
    headers[i].msg_hdr.msg_name = &others[i];
    headers[i].msg_hdr.msg_namelen = sizeof others[i];
    headers[i].msg_hdr.msg_iov = &part;
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t sent = 0; sent < headers.size();) {
    const auto count = static_cast<unsigned>(std::min<std::size_t>(headers.size() - sent, 1024));
    const int result = ::sendmmsg(descriptor, headers.data() + sent, count, 0);
    if (result < 0) fail("sendmmsg");
    sent += static_cast<std::size_t>(result);
  }
}

// "SAY token 17\ntext" becomes "MSG 17 member0\ntext" for everybody but the speaker.
void pass_on(const sockaddr_in& from, const char* line, bool mmsg) {
  const char* const number = std::strchr(line + 4, ' ');
  const char* const text = std::strchr(line, '\n');
  if (number == nullptr || text == nullptr) return;
  char datagram[1300];
  const int digits = static_cast<int>(text - number - 1);
  const int ack = std::snprintf(datagram, sizeof datagram, "ACK %.*s", digits, number + 1);
  send_to(from, datagram, static_cast<std::size_t>(ack));
  const int size =
      std::snprintf(datagram, sizeof datagram, "MSG %.*s member0%s", digits, number + 1, text);
  std::vector<sockaddr_in> others;
  for (const sockaddr_in& member : members) {
    if (member.sin_port != from.sin_port) others.push_back(member);
  }
  send_to_all(others, datagram, static_cast<std::size_t>(size), mmsg);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  const bool mmsg = std::strcmp(argv[2], "sendmmsg") == 0;
  descriptor = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) fail("socket");
  const int room = 4 * 1024 * 1024;
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_port = htons(static_cast<std::uint16_t>(std::strtol(argv[1], nullptr, 10)));
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&from), sizeof from) < 0) fail("bind");
  while (true) {
    char datagram[1201];
    socklen_t size = sizeof from;
    const ssize_t received = ::recvfrom(descriptor, datagram, sizeof datagram - 1, 0,
                                        reinterpret_cast<sockaddr*>(&from), &size);
    if (received < 0) continue;
    datagram[received] = '\0';
    if (std::strncmp(datagram, "JOIN ", 5) == 0) {
      members.push_back(from);
      send_to(from, "WELCOME 0", 9);
    } else if (std::strncmp(datagram, "SAY ", 4) == 0) {
      pass_on(from, datagram, mmsg);
    }
  }
}
