// Lab 10, the client: one poll() waits for the keyboard, for the server, and for the time at which
// something has to be said again.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "address.hpp"
#include "arguments.hpp"
#include "clock.hpp"
#include "console.hpp"
#include "datagram.hpp"
#include "endpoint.hpp"
#include "input_lines.hpp"
#include "pieces.hpp"
#include "prompt.hpp"
#include "say.hpp"
#include "session.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Joins a chat: says each line of standard input, and prints what the others say.\n"
    "  HOST        an address or a name; asked for unless given\n"
    "  PORT        from 1 to 65535; asked for unless given\n"
    "  -h, --help  shows this\n"
    "In the chat: /who, /quit, and //text for a line that begins with a slash.\n";

// A way to the server: one of its addresses, and a socket of that family.
struct Path {
  Socket socket;
  Endpoint server;
};

// There is nothing to connect to, so nothing tells which address of a name is the right one: the
// one from which an answer comes.
std::vector<Path> open_paths(const std::string& host, std::uint16_t port) {
  std::vector<Path> paths;
  const AddressList addresses = resolve(host, port);
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int descriptor = ::socket(address->ai_family, SOCK_DGRAM, 0);
    const bool unknown_family = descriptor < 0 && errno == EAFNOSUPPORT;
    if (unknown_family && (address->ai_next != nullptr || !paths.empty())) continue;
    paths.push_back({Socket(check("socket", descriptor)),
                     make_endpoint(address->ai_addr, address->ai_addrlen)});
  }
  return paths;
}

// std::nullopt at the end of the input.
std::optional<std::string> ask_nick(InputLines& input) {
  while (true) {
    tell("Nick: ");
    const auto line = input.next();
    if (!line) return std::nullopt;
    const std::string nick(trimmed(without_carriage_return(*line)));
    if (is_nick(nick)) return nick;
    tell("nick " + in_quotes(nick) + " will not do: 1 to 32 characters, no spaces, no controls\n");
  }
}

class Chat {
 public:
  Chat(std::vector<Path> paths, InputLines& input, std::string nick)
      : paths_(std::move(paths)),
        input_(input),
        console_(input),
        session_(
            std::move(nick), [this](std::string_view datagram) { send(datagram); }, Clock::now()) {}

  void run() {
    while (!session_.is_over()) {
      const bool typed = wait();
      const Time now = Clock::now();
      for (std::size_t i = 0; i < paths_.size(); ++i) receive_datagrams(i, now);
      show_events();  // we are let in, perhaps: what was typed with the nick waits for that
      if (typed) console_.read();
      take_lines(now);
      session_.tick(now);
      show_events();
    }
  }

 private:
  // ---- The network ----

  // A datagram that cannot be sent is one that the network has lost: it is sent again.
  void send(std::string_view datagram) {
    for (const Path& path : paths_) {
      const ssize_t sent = ::sendto(path.socket.fd(), datagram.data(), datagram.size(), 0,
                                    as_sockaddr(path.server.storage), path.server.size);
      if (sent < 0) send_error_ = errno;
    }
  }

  void receive_datagrams(std::size_t index, Time now) {
    constexpr int kBurst = 64;
    std::array<char, kMaxDatagram + 1> buffer;  // one byte more shows that a datagram is too long
    for (int i = 0; i < kBurst; ++i) {
      Endpoint from;
      const ssize_t size = ::recvfrom(paths_[index].socket.fd(), buffer.data(), buffer.size(),
                                      MSG_DONTWAIT, as_sockaddr(from.storage), &from.size);
      if (size < 0) return;
      if (from != paths_[index].server) continue;  // anybody can send us anything
      const bool valid = session_.receive({buffer.data(), static_cast<std::size_t>(size)}, now);
      if (valid && paths_.size() > 1) return keep_path(index);
    }
  }

  void keep_path(std::size_t index) {
    Path path = std::move(paths_[index]);
    paths_.clear();
    paths_.push_back(std::move(path));
  }

  // Waits for whatever comes first. True if there is something to read from standard input.
  bool wait() {
    const Time now = Clock::now();
    std::vector<pollfd> waiting;
    waiting.push_back({.fd = wants_input() ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0});
    for (const Path& path : paths_) {
      waiting.push_back({.fd = path.socket.fd(), .events = POLLIN, .revents = 0});
    }
    const int ready =
        ::poll(waiting.data(), waiting.size(), poll_timeout(session_.next_due(now), now));
    if (ready < 0 && errno != EINTR) throw_system_error(errno, "poll");
    return ready > 0 && waiting[0].revents != 0;
  }

  // ---- The user ----

  // What is typed faster than the server acknowledges it stays where it is, in the pipe.
  bool takes_lines() const { return was_in_ && !leaving_ && session_.has_room(); }
  bool wants_input() const { return takes_lines() && !console_.ended(); }

  void take_lines(Time now) {
    while (takes_lines()) {
      if (!unsaid_.empty()) {
        session_.say(std::string(take_piece(unsaid_)));
      } else if (const auto line = console_.next()) {
        obey(without_carriage_return(*line), now);
      } else {
        if (console_.ended()) leave(now);
        return;
      }
    }
  }

  void obey(std::string_view line, Time now) {
    if (line == "/quit") {
      leave(now);
    } else if (line == "/who") {
      session_.who(now);
    } else if (line.starts_with('/') && !line.starts_with("//")) {
      note("unknown: " + in_quotes(line) + "; there are /who and /quit, and //text says /text");
    } else if (!is_line(line)) {
      note("not said, since it is no UTF-8 or has control characters: " + in_quotes(line));
    } else {
      line_ = line.starts_with("//") ? line.substr(1) : line;
      unsaid_ = line_;
    }
  }

  void leave(Time now) {
    leaving_ = true;
    session_.leave(now);
  }

  // ---- What is shown ----

  void show_events() {
    while (const auto event = session_.next_event()) show(*event);
  }

  void show(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kJoined:
        return show_joined();
      case Event::Kind::kRefused:
        return was_in_ ? note(printable(event.text)) : ask_again(event.text);
      case Event::Kind::kLost:
        return report("disconnect", where() + ": nothing came for 15 s; joining again");
      case Event::Kind::kLine:
        return console_.above_the_line([&] { write_output(as_bytes(event.text + "\n")); });
      case Event::Kind::kNote:
        return note(event.text);
      case Event::Kind::kMembers:
        return note("here: " + printable(event.text));
      case Event::Kind::kLeft:
        return report("disconnect", where() + ": left");
      case Event::Kind::kFailed:
        return fail_with(event.text);
    }
  }

  void show_joined() {
    report("connect", where());
    if (!was_in_) console_.begin(session_.nick() + "> ");
    was_in_ = true;
  }

  void ask_again(std::string_view why) {
    tell(printable(why) + "\n");
    const auto nick = ask_nick(input_);
    if (!nick) std::exit(EXIT_SUCCESS);
    session_.rename(*nick, Clock::now());
  }

  void note(const std::string& text) {
    console_.above_the_line([&] { tell("* " + text + "\n"); });
  }

  void report(std::string_view event, std::string_view explanation) {
    console_.above_the_line([&] { say(event, explanation); });
  }

  [[noreturn]] void fail_with(const std::string& why) const {
    const std::string reason = send_error_ ? std::string(": ") + std::strerror(send_error_) : "";
    throw std::runtime_error("chat with " + where() + ": " + why + reason);
  }

  std::string where() const { return to_string(paths_.front().server); }

  std::vector<Path> paths_;  // one, as soon as the server has answered
  InputLines& input_;
  Console console_;
  Session session_;
  std::string line_;
  std::string_view unsaid_;  // the rest of line_, which is too long for one SAY
  int send_error_ = 0;       // errno of the last sendto() that failed
  bool was_in_ = false;
  bool leaving_ = false;
};

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/true);
    InputLines input;
    const std::string host = arguments.host ? *arguments.host : ask_host(input);
    if (arguments.host && !arguments.port) resolve(host, 0);  // or the port is asked in vain
    const std::uint16_t port = arguments.port ? *arguments.port : ask_port(input);
    std::vector<Path> paths = open_paths(host, port);
    if (auto nick = ask_nick(input)) Chat(std::move(paths), input, std::move(*nick)).run();
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  return EXIT_SUCCESS;
}
