// Socket: one owner a descriptor, all of it sent, interruptions unnoticed, and an end told from
// a failure.

#include "shared/socket.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "descriptors.hpp"
#include "waiting.hpp"

using namespace std::chrono_literals;

namespace {

std::ptrdiff_t count_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

void send(Socket& socket, std::string_view text) {
  socket.send_all(as_bytes(text));
}

// How long a recv() or a send() may wait, as the system has it.
std::chrono::microseconds timeout_of(const Socket& socket, int option) {
  timeval time{};
  socklen_t size = sizeof time;
  check("getsockopt", ::getsockopt(socket.fd(), SOL_SOCKET, option, &time, &size));
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

constexpr std::size_t kMuch = 4'000'000;  // bytes: more than any buffer on the way holds

}  // namespace

TEST_CASE("check passes on what is no failure") {
  CHECK(check("read", 0) == 0);
  CHECK(check("read", 5) == 5);
  CHECK(check("read", ssize_t{5'000'000'000}) == 5'000'000'000);
}

TEST_CASE("check tells the call, its subject and the reason of a failure") {
  const std::string subject(1000, '9');  // so long that the text has to be allocated
  errno = EADDRINUSE;
  CHECK_THROWS_WITH(check("bind to", -1, subject),
                    ("bind to " + subject + ": Address already in use").c_str());
  errno = EACCES;
  CHECK_THROWS_WITH(check("open", ssize_t{-1}), "open: Permission denied");
}

TEST_CASE("check keeps errno as the code") {
  CHECK(error_of([] {
          errno = EADDRINUSE;
          check("bind to", -1, "0.0.0.0:9090");
        }) == EADDRINUSE);
  errno = EMFILE;
  CHECK_THROWS_AS(check("accept", -1), std::system_error);
  CHECK(error_of([] { throw_system_error(ECONNABORTED, "accept"); }) == ECONNABORTED);
}

TEST_CASE("as_bytes and as_text see the same memory") {
  const std::string text("a\0\xff", 3);
  const auto seen = as_bytes(text);
  CHECK(seen.size() == 3);
  CHECK(static_cast<const void*>(seen.data()) == text.data());
  CHECK(seen[2] == std::byte{0xff});
  CHECK(as_text(seen).data() == text.data());
  CHECK(as_text(seen) == text);
  CHECK(as_text(as_bytes("")).empty());
}

TEST_CASE("a Socket closes its descriptor when it ends") {
  const auto before = count_descriptors();
  int number = -1;
  {
    const auto [ours, theirs] = local_connection();
    number = ours.fd();
    CHECK(is_open(number));
    CHECK(count_descriptors() == before + 2);
  }
  CHECK_FALSE(is_open(number));
  CHECK(count_descriptors() == before);
}

TEST_CASE("a Socket that was moved from owns nothing, and closes nothing") {
  std::optional<Socket> first(local_connection().ours);
  const int number = first->fd();
  {
    const Socket second(std::move(*first));
    CHECK(second.fd() == number);
    CHECK(first->fd() == -1);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));

  const Descriptor stranger(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, number));
  REQUIRE(stranger.number() == number);  // the number is somebody else's now
  first.reset();
  CHECK(is_open(number));
}

TEST_CASE_FIXTURE(Local, "a Socket that is assigned to closes what it had, and only that") {
  const int old = ours.fd();
  const int kept = theirs.fd();
  {
    Socket from(std::move(theirs));
    ours = std::move(from);
  }
  CHECK(ours.fd() == kept);
  CHECK(is_open(kept));
  CHECK_FALSE(is_open(old));

  Socket& itself = ours;
  ours = std::move(itself);
  CHECK(ours.fd() == kept);
  CHECK(is_open(kept));
}

TEST_CASE("Sockets live in a vector that grows") {
  const auto before = count_descriptors();
  {
    std::vector<Socket> sockets;
    for (int i = 0; i < 20; ++i) sockets.push_back(local_connection().ours);
    CHECK(count_descriptors() == before + 20);
    for (const Socket& socket : sockets) CHECK(is_open(socket.fd()));
  }
  CHECK(count_descriptors() == before);
}

TEST_CASE("send_all sends all, through small buffers, to a peer that reads late") {
  const std::string sent = bytes_in_order(kMuch);
  Connection connection = local_connection();
  SUBCASE("in the machine's memory") {
    set_buffer(connection.ours, SO_SNDBUF, 1);
  }
  SUBCASE("over TCP") {
    connection = tcp_connection();
    set_buffer(connection.ours, SO_SNDBUF, 64 * 1024);
    set_buffer(connection.theirs, SO_RCVBUF, 64 * 1024);
  }
  Worker sender([&] {
    send(connection.ours, sent);
    finish_sending(connection.ours);
  });
  sender.wait_until_asleep_in(SYS_sendto);
  CHECK(receive_until_end(connection.theirs) == sent);
  sender.finish();
}

TEST_CASE_FIXTURE(Local, "an interrupted send loses nothing and doubles nothing") {
  const CountedSignal signal(SIGUSR1);
  const std::string sent = bytes_in_order(kMuch);
  set_buffer(ours, SO_SNDBUF, 1);
  Worker sender([&] {
    send(ours, sent);
    finish_sending(ours);
  });
  // The first interruption meets a send() that has sent a part, and returns its size; the others
  // one that has sent nothing, and ends with EINTR.
  for (int i = 0; i < 3; ++i) sender.interrupt(SYS_sendto);
  CHECK(receive_until_end(theirs) == sent);
  sender.finish();
}

TEST_CASE_FIXTURE(OverTcp, "an interrupted receive goes on waiting") {
  const CountedSignal signal(SIGUSR1);
  std::array<std::byte, 6> buffer{};
  bool whole = false;
  Worker receiver([&] { whole = ours.receive_exactly(buffer); });
  receiver.interrupt(SYS_recvfrom);
  receiver.interrupt(SYS_recvfrom);
  send(theirs, "abc");
  receiver.interrupt(SYS_recvfrom);
  send(theirs, "def");
  receiver.finish();
  CHECK(whole);
  CHECK(as_text(buffer) == "abcdef");
}

TEST_CASE_FIXTURE(OverTcp, "receive_some takes what is there, and no more than the buffer holds") {
  std::array<std::byte, 4> buffer{};
  send(theirs, "abcdef");
  CHECK(as_text(ours.receive_some(buffer).value()) == "abcd");
  const auto rest = ours.receive_some(buffer).value();
  CHECK(as_text(rest) == "ef");
  CHECK(rest.data() == buffer.data());
}

TEST_CASE_FIXTURE(OverTcp,
                  "receive_some gives out all that came before a close, then the end for ever") {
  std::array<std::byte, 4> buffer{};
  send(theirs, "abc");
  close(std::move(theirs));
  CHECK(as_text(ours.receive_some(buffer).value()) == "abc");
  CHECK(ours.receive_some(buffer) == std::nullopt);
  CHECK(ours.receive_some(buffer) == std::nullopt);
}

TEST_CASE_FIXTURE(OverTcp, "after a half-close the other direction still works") {
  std::array<std::byte, 4> buffer{};
  finish_sending(theirs);
  CHECK(ours.receive_some(buffer) == std::nullopt);
  send(ours, "late");
  CHECK(theirs.receive_exactly(buffer));
  CHECK(as_text(buffer) == "late");
}

TEST_CASE("receive_exactly fills the buffer from pieces") {
  auto [ours, theirs] = local_connection(SOCK_SEQPACKET);  // a piece a recv()
  std::array<std::byte, 6> buffer{};
  for (const char* const piece : {"a", "bcd", "ef", "next"}) send(theirs, piece);
  CHECK(ours.receive_exactly(buffer));
  CHECK(as_text(buffer) == "abcdef");
  CHECK(receive_packet(ours) == "next");
}

TEST_CASE_FIXTURE(OverTcp, "receive_exactly tells an end from one in the middle") {
  std::array<std::byte, 4> buffer{};
  SUBCASE("before the first byte") {
    close(std::move(theirs));
    CHECK_FALSE(ours.receive_exactly(buffer));
  }
  SUBCASE("between two messages") {
    send(theirs, "abcd");
    close(std::move(theirs));
    CHECK(ours.receive_exactly(buffer));
    CHECK_FALSE(ours.receive_exactly(buffer));
  }
  SUBCASE("in the middle") {
    send(theirs, "abc");
    close(std::move(theirs));
    CHECK_THROWS_AS(ours.receive_exactly(buffer), ProtocolError);
  }
  SUBCASE("of an empty buffer") {
    CHECK(ours.receive_exactly({}));
  }
}

TEST_CASE_FIXTURE(OverTcp, "a reset is an error and not an end") {
  std::array<std::byte, 4> buffer{};
  SUBCASE("for receive_some") {
    reset(std::move(theirs));
    CHECK(error_of([&] { ours.receive_some(buffer); }) == ECONNRESET);
  }
  SUBCASE("for receive_exactly, in the middle") {
    send(theirs, "abc");
    reset(std::move(theirs));
    CHECK(error_of([&] { ours.receive_exactly(buffer); }) == ECONNRESET);
  }
}

TEST_CASE_FIXTURE(OverTcp, "sending to a peer that is gone is an error and no SIGPIPE") {
  const CountedSignal signal(SIGPIPE);
  int error = 0;
  SUBCASE("closed") {
    Connection local = local_connection();
    close(std::move(local.theirs));
    error = error_of([&] { send(local.ours, "anybody there?"); });
    CHECK(error == EPIPE);
  }
  SUBCASE("reset before") {
    reset(std::move(theirs));
    error = error_of([&] {
      while (true) send(ours, "anybody there?");
    });
  }
  SUBCASE("reset in the middle of a send that waits") {
    set_buffer(ours, SO_SNDBUF, 64 * 1024);
    set_buffer(theirs, SO_RCVBUF, 64 * 1024);
    Worker sender([&] { send(ours, bytes_in_order(kMuch)); });
    sender.wait_until_asleep_in(SYS_sendto);
    reset(std::move(theirs));
    error = error_of([&] { sender.finish(); });
  }
  CHECK((error == EPIPE || error == ECONNRESET));
  CHECK(CountedSignal::count() == 0);
}

TEST_CASE_FIXTURE(OverTcp, "a close that leaves bytes unread is a reset") {
  send(theirs, "and more");
  std::array<std::byte, 4> buffer{};
  CHECK(as_text(ours.receive_some(buffer).value()) == "and ");
  close(std::move(ours));
  CHECK(error_of([&] { receive_until_end(theirs); }) == ECONNRESET);
}

TEST_CASE_FIXTURE(OverTcp, "after shut_down_and_drain the peer gets all and then the end") {
  const std::string replies = bytes_in_order(100'000);
  const std::string surplus = bytes_in_order(kMuch);
  send(ours, replies);
  Worker peer([&] {
    send(theirs, surplus);  // before it reads
    CHECK(receive_until_end(theirs) == replies);
    close(std::move(theirs));
  });
  ours.shut_down_and_drain(60s);
  CHECK(receive_until_end(ours).empty());
  peer.finish();
}

TEST_CASE_FIXTURE(OverTcp, "shut_down_and_drain takes no more time than it is given") {
  const auto begin = std::chrono::steady_clock::now();
  SUBCASE("with a peer that is silent") {
    ours.shut_down_and_drain(100ms);
    CHECK(receive_until_end(theirs).empty());
  }
  SUBCASE("with a peer that never stops sending") {
    Worker peer([&] {
      const std::string much = bytes_in_order(kMuch);
      while (true) send(theirs, much);
    });
    ours.shut_down_and_drain(100ms);
    close(std::move(ours));
    const int error = error_of([&] { peer.finish(); });
    CHECK((error == EPIPE || error == ECONNRESET));
  }
  CHECK((std::chrono::steady_clock::now() - begin >= 100ms));
}

TEST_CASE_FIXTURE(OverTcp, "shut_down_and_drain does not mind a connection that is lost") {
  SUBCASE("before") {
    reset(std::move(theirs));
  }
  SUBCASE("meanwhile") {
    Worker peer([this] {
      std::array<std::byte, 4> buffer{};
      CHECK(theirs.receive_some(buffer) == std::nullopt);
      reset(std::move(theirs));
    });
    ours.shut_down_and_drain(60s);
    peer.finish();
  }
  ours.shut_down_and_drain(60s);
}

TEST_CASE_FIXTURE(Local, "set_timeout ends a wait with ETIMEDOUT") {
  ours.set_timeout(100ms);
  std::array<std::byte, 4> buffer{};
  SUBCASE("for bytes") {
    CHECK_THROWS_WITH(ours.receive_some(buffer), "recv: Connection timed out");
    CHECK(error_of([&] { ours.receive_exactly(buffer); }) == ETIMEDOUT);
    send(theirs, "late");  // and the socket is as good as before
    CHECK(ours.receive_exactly(buffer));
  }
  SUBCASE("for room") {
    const std::string much = bytes_in_order(kMuch);
    CHECK_THROWS_WITH(send(ours, much), "send: Connection timed out");
    CHECK(error_of([&] { send(ours, much); }) == ETIMEDOUT);
  }
}

TEST_CASE_FIXTURE(OverTcp,
                  "set_timeout sets both directions, to the millisecond, and 0 is for ever") {
  for (const auto timeout : {1'500ms, 300'000ms, 100ms, 0ms}) {
    ours.set_timeout(timeout);
    CHECK((timeout_of(ours, SO_RCVTIMEO) == timeout));
    CHECK((timeout_of(ours, SO_SNDTIMEO) == timeout));
  }
  const Descriptor no_socket = memory_file();
  Socket wrong(::dup(no_socket.number()));
  CHECK(error_of([&] { wrong.set_timeout(1s); }) == ENOTSOCK);
}
