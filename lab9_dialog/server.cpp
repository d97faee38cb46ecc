// Lab 9, the server: a dialog of one person, at the console, with everybody at once. One thread
// waits for all of them, with poll(), and for none of them alone.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "accounts.hpp"
#include "address.hpp"
#include "arguments.hpp"
#include "conversation.hpp"
#include "dialog.hpp"
#include "input_lines.hpp"
#include "log.hpp"
#include "prompt.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"
#include "stop_signals.hpp"
#include "table_file.hpp"

const std::string_view kProgram = "server";

namespace {

constexpr std::string_view kUsage =
    "usage: server [PORT]\n"
    "Asks each client to log in, then shows you its messages. A line that you type goes to\n"
    "the one who has waited longest; a line @NAME TEXT goes to NAME.\n"
    "  PORT        from 1 to 65535; asked for unless given\n"
    "  -h, --help  shows this\n";

Socket open_listener(std::uint16_t port, int family) {
  Socket listener(check("socket", ::socket(family, SOCK_STREAM, 0)));

  // Without this, bind() fails for a minute after a restart, while the system still keeps the
  // old connections in TIME_WAIT.
  const int on = 1;
  check("setsockopt SO_REUSEADDR",
        ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  // One IPv6 socket takes IPv4 clients as well, unless it is told not to.
  const int off = 0;
  if (family == AF_INET6) {
    check("setsockopt IPV6_V6ONLY",
          ::setsockopt(listener.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
  }

  const AddressList address = look_up("", port, family);  // every address of this machine
  const std::string where = to_string(address->ai_addr, address->ai_addrlen);
  check("bind to", ::bind(listener.fd(), address->ai_addr, address->ai_addrlen), where);
  check("listen on", ::listen(listener.fd(), SOMAXCONN), where);
  say("listen", where + (family == AF_INET6 ? ", IPv6 and IPv4" : ""));
  return listener;
}

Socket open_listener(std::uint16_t port) {
  try {
    return open_listener(port, AF_INET6);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return open_listener(port, AF_INET);  // a machine without IPv6
  }
}

// Whether a port is free is known when bind() and listen() have succeeded, and not before: a
// probe with another socket would only tell how it was a moment ago.
std::optional<Socket> open_listener_unless_busy(unsigned port) {
  try {
    Socket listener = open_listener(static_cast<std::uint16_t>(port));
    write_output(as_bytes("Listening on port " + std::to_string(port) + "\n"));
    return listener;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;  // no permission, say: no port will do
    return std::nullopt;
  }
}

// `wanted` or the next port that is free, counting up; after the last, from the first that needs
// no privilege.
Socket open_listener_from(std::uint16_t wanted) {
  constexpr unsigned kFirstUnprivileged = 1024;
  constexpr unsigned kLast = 65535;
  for (unsigned port = wanted; port <= kLast; ++port) {
    if (auto listener = open_listener_unless_busy(port)) return std::move(*listener);
  }
  for (unsigned port = kFirstUnprivileged; port < wanted; ++port) {
    if (auto listener = open_listener_unless_busy(port)) return std::move(*listener);
  }
  throw std::runtime_error("bind: no port is free from " + std::to_string(wanted) +
                           " up, nor from 1024 to it");
}

// Without this, the second of two small sends is held back until the client has acknowledged the
// first, which takes it 40 ms (Nagle's algorithm meets delayed ACK).
void send_without_delay(const Socket& client) {
  const int on = 1;
  check("setsockopt TCP_NODELAY",
        ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

// Takes in the next one who waits at the listener, which does not block. False if nobody does.
// Throws std::system_error.
bool accept_client(const Socket& listener, Dialog& dialog) {
  sockaddr_storage address{};  // has room for either family
  socklen_t size = sizeof address;
  const int descriptor = ::accept(listener.fd(), as_sockaddr(address), &size);
  if (descriptor < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  Socket connected(check("accept", descriptor));
  send_without_delay(connected);
  dialog.add_client(std::move(connected), to_string(as_sockaddr(address), size));
  return true;
}

// True if the next accept() will fail as this one did: there is no descriptor free, or no memory.
// All others (ECONNABORTED: it gave up before its turn) are about one client.
bool is_shortage(const std::error_code& error) {
  constexpr std::array<int, 4> kShortages = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
  return std::ranges::find(kShortages, error.value()) != kShortages.end();
}

void tell_damaged_lines(const TableFile& file) {
  for (const std::size_t number : file.damaged_lines()) {
    say("error", "read " + file.path() + ": line " + std::to_string(number) + " is damaged");
  }
}

// Where all of them are waited for together.
class Loop {
 public:
  Loop(const Socket& listener, Dialog& dialog, const InputLines& console)
      : listener_(listener), dialog_(dialog), console_(console) {
    // Between poll() and accept() the client may have gone: accept() must not wait for the next.
    check("fcntl", ::fcntl(listener.fd(), F_SETFL, O_NONBLOCK));
  }

  [[noreturn]] void run() {
    dialog_.take_lines();  // what was read together with the answer to "Port"
    while (true) {
      dialog_.write_console();
      wait();
      serve_conversations();
      if (polled_[kConsole].revents != 0) dialog_.read_console();
      if (polled_[kHasher].revents != 0) dialog_.take_hashes();
      if (polled_[kListener].revents != 0) accept_clients();
      dialog_.remove_gone();
    }
  }

 private:
  using Clock = Conversation::Clock;
  enum Position : std::size_t { kListener, kHasher, kConsole, kFirstClient };
  static constexpr std::chrono::seconds kAcceptPause{1};

  void wait() {
    const bool accepting = Clock::now() >= accept_from_;
    Clock::time_point due = accepting ? Clock::time_point::max() : accept_from_;
    polled_.clear();
    polled_.push_back({accepting ? listener_.fd() : -1, POLLIN, 0});  // poll() passes over -1
    polled_.push_back({dialog_.hasher().fd(), POLLIN, 0});
    polled_.push_back({console_.ended() ? -1 : STDIN_FILENO, POLLIN, 0});
    for (const auto& [id, conversation] : dialog_.conversations()) {
      polled_.push_back(conversation.interest());
      due = std::min(due, conversation.due());
    }
    while (::poll(polled_.data(), polled_.size(), milliseconds_until(due)) < 0) {
      if (errno != EINTR) throw_system_error(errno, "poll");
    }
  }

  // A timeout of poll(): 0 if the time has come, -1 (for ever) if it never comes.
  static int milliseconds_until(Clock::time_point due) {
    const Clock::time_point now = Clock::now();
    if (due <= now) return 0;
    if (due == Clock::time_point::max()) return -1;
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(due - now).count());
  }

  // They are those, and in that order, that wait() has put down: nobody has come or gone since.
  void serve_conversations() {
    auto polled = polled_.begin() + kFirstClient;
    const Clock::time_point now = Clock::now();
    for (auto& [id, conversation] : dialog_.conversations()) {
      const short events = (polled++)->revents;
      if (events != 0 || conversation.due() <= now) conversation.serve(events);
    }
  }

  void accept_clients() {
    constexpr int kAtOnce = 64;
    for (int accepted = 0; accepted < kAtOnce; ++accepted) {
      try {
        if (!accept_client(listener_, dialog_)) return;
      } catch (const std::system_error& error) {
        say("error", error.what());
        if (!is_shortage(error.code())) continue;
        // Who waits at the listener waits on, and poll() would tell of it again at once: the pause
        // keeps this from a busy loop.
        accept_from_ = Clock::now() + kAcceptPause;
        return;
      }
    }
  }

  const Socket& listener_;
  Dialog& dialog_;
  const InputLines& console_;
  std::vector<pollfd> polled_;
  Clock::time_point accept_from_;
};

// The system's usual limit of 1,024 descriptors would do for about as many clients.
void raise_descriptor_limit() {
  rlimit limit{};
  check("getrlimit", ::getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  check("setrlimit", ::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/false);
    open_log();
    on_stop_signal(stop);
    say("start", "lab9_dialog");
    Accounts accounts;
    tell_damaged_lines(accounts.users);
    tell_damaged_lines(accounts.sessions.file());
    InputLines input;
    const Socket listener = open_listener_from(arguments.port ? *arguments.port : ask_port(input));
    raise_descriptor_limit();
    Dialog dialog(accounts, input);
    Loop(listener, dialog, input).run();
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
