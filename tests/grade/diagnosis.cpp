#include "diagnosis.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include "loop.hpp"
#include "memory.hpp"
#include "proc.hpp"
#include "proc_net.hpp"
#include "process.hpp"
#include "scratch.hpp"

namespace grade::diagnosis {
namespace {

std::optional<Diagnosis> remembered;

struct Call {
  const char* name;
  bool has_descriptor;  // for its first argument
};

const std::map<long, Call>& calls() {
  static const std::map<long, Call> known = {
      {SYS_accept, {"accept()", true}},
      {SYS_accept4, {"accept()", true}},
      {SYS_recvfrom, {"recv()", true}},
      {SYS_recvmsg, {"recvmsg()", true}},
      {SYS_read, {"read()", true}},
      {SYS_readv, {"readv()", true}},
      {SYS_sendto, {"send()", true}},
      {SYS_sendmsg, {"sendmsg()", true}},
      {SYS_write, {"write()", true}},
      {SYS_writev, {"writev()", true}},
      {SYS_connect, {"connect()", true}},
      {SYS_ppoll, {"poll()", false}},
      {SYS_pselect6, {"select()", false}},
      {SYS_epoll_pwait, {"epoll_wait()", false}},
      {SYS_futex, {"a lock (futex)", false}},
      {SYS_wait4, {"wait()", false}},
      {SYS_waitid, {"waitid()", false}},
      {SYS_rt_sigtimedwait, {"sigwait()", false}},
      {SYS_nanosleep, {"sleep()", false}},
      {SYS_clock_nanosleep, {"sleep()", false}},
#ifdef SYS_poll
      {SYS_poll, {"poll()", false}},
      {SYS_select, {"select()", false}},
      {SYS_epoll_wait, {"epoll_wait()", false}},
#endif
  };
  return known;
}

bool is_poll(long number) {
#ifdef SYS_poll
  if (number == SYS_poll) return true;
#endif
  return number == SYS_ppoll;
}

// Whether it waits for somebody outside: of a runtime's many threads most wait for work, in a lock.
bool is_telling(long number) {
  constexpr std::array kOthers = {SYS_futex, SYS_rt_sigtimedwait, SYS_nanosleep,
                                  SYS_clock_nanosleep};
  return std::ranges::find(kOthers, number) == kOthers.end();
}

std::string inode_of(const std::string& target) {
  constexpr std::string_view kSocket = "socket:[";
  if (!target.starts_with(kSocket)) return {};
  return target.substr(kSocket.size(), target.size() - kSocket.size() - 1);
}

// "standard input", "its connection with 127.0.0.1:50000", "its socket listening on 0.0.0.0:9090".
std::string name_of_descriptor(pid_t pid, long number, const std::vector<TcpSocket>& sockets) {
  if (number == STDIN_FILENO) return "its standard input";
  const std::string target = proc::target_of(pid, static_cast<int>(number));
  for (const TcpSocket& socket : sockets) {
    if (socket.inode != inode_of(target)) continue;
    return socket.state == TCP_LISTEN ? "its socket that listens on " + socket.local
                                      : "its connection with " + socket.remote;
  }
  return target.starts_with("socket:") ? "a socket" : "descriptor " + std::to_string(number);
}

struct Occupation {
  std::string text;  // "waits in recv() on its connection with ..."
  bool is_telling = true;
};

// Of what poll() waits for. Empty if its memory may not be read.
std::string names_in_poll(pid_t pid, const std::vector<std::string>& words,
                          const std::vector<TcpSocket>& sockets) {
  constexpr std::size_t kMost = 4;  // more are no help
  const std::size_t count = std::strtoul(words[2].c_str(), nullptr, 16);
  if (count == 0 || count > kMost) return {};
  std::array<pollfd, kMost> awaited{};
  if (!memory::read(pid, std::strtoul(words[1].c_str(), nullptr, 16), awaited.data(),
                    count * sizeof(pollfd))) {
    return {};
  }
  std::string names;
  for (std::size_t i = 0; i < count; ++i) {
    if (awaited.at(i).fd < 0) continue;
    names += (names.empty() ? "" : ", ") + name_of_descriptor(pid, awaited.at(i).fd, sockets);
  }
  return names;
}

// Of one thread; nothing if it is gone.
std::optional<Occupation> occupation_of(pid_t pid, const std::string& thread,
                                        const std::vector<TcpSocket>& sockets) {
  const std::vector<std::string> words = proc::split(
      scratch::read_file("/proc/" + std::to_string(pid) + "/task/" + thread + "/syscall"));
  if (words.empty()) return std::nullopt;
  if (words[0] == "running") return Occupation{"computes"};
  const long number = std::strtol(words[0].c_str(), nullptr, 10);
  const auto call = calls().find(number);
  if (call == calls().end()) {
    return Occupation{"waits in system call " + words[0], false};
  }
  std::string text = std::string("waits in ") + call->second.name;
  std::string names;
  if (call->second.has_descriptor && words.size() > 1) {
    names = name_of_descriptor(pid, std::strtol(words[1].c_str(), nullptr, 16), sockets);
  } else if (is_poll(number) && words.size() > 2) {
    names = names_in_poll(pid, words, sockets);
  }
  if (!names.empty()) text += " on " + names;
  return Occupation{text, is_telling(number)};
}

// What it does, or each thread of it that waits for somebody outside.
std::string occupation(pid_t pid, const std::vector<TcpSocket>& sockets) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> much;
  std::string little;  // of the first thread
  for (const std::string& thread : proc::threads(pid)) {
    const std::optional<Occupation> found = occupation_of(pid, thread, sockets);
    if (!found) continue;
    if (!found->is_telling) {
      if (little.empty()) little = found->text;
    } else if (std::ranges::count(much, found->text) == 0 && much.size() < kMost) {
      much.push_back(found->text);
    }
  }
  if (much.empty()) return little.empty() ? "runs" : little;
  std::string text = much[0];
  for (std::size_t i = 1; i < much.size(); ++i) text += ", and another thread " + much[i];
  return text;
}

// What has come for the program and stays there.
std::vector<std::string> unread_of(const std::vector<TcpSocket>& sockets) {
  std::vector<std::string> lines;
  for (const TcpSocket& socket : sockets) {
    if (socket.unread == 0) continue;
    const std::string count = std::to_string(socket.unread);
    lines.push_back(socket.state == TCP_LISTEN
                        ? count + " connection(s) to " + socket.local + " are not accepted yet"
                        : count + " bytes from " + socket.remote + " are unread");
  }
  return lines;
}

// It is looked at twice: who only happens to compute, does something else a moment later.
bool computes_on(pid_t pid) {
  constexpr auto kWatched = std::chrono::milliseconds(100);
  const double before = proc::cpu_seconds(pid);
  let_pass(kWatched);
  return proc::cpu_seconds(pid) - before > 0.05;
}

void look_at(Program& program, Diagnosis& found) {
  const bool computes = !program.ending() && computes_on(program.pid());
  if (const auto ending = program.ending()) {  // just now, perhaps
    found.lines.push_back("the " + program.who() + " has ended: " + ending->text());
    return;
  }
  const std::vector<TcpSocket> sockets = sockets_of(program.pid());
  const std::vector<std::string> unread = unread_of(sockets);
  std::string line = "the " + program.who();
  if (computes) {
    line += " computes without a pause";
    found.stuck = true;
  } else {
    line += " " + occupation(proc::family(program.pid()).back(), sockets);
  }
  for (const std::string& what : unread) line += "; " + what;
  found.stuck = found.stuck || !unread.empty();
  found.lines.push_back(line);
  if (program.who() != "server") return;
  for (const TcpSocket& socket : sockets) {
    if (socket.state == TCP_LISTEN) found.lines.push_back("it listens on " + socket.local);
  }
}

}  // namespace

void remember() {
  if (remembered) return;
  remembered.emplace();
  for (Program* const program : all_programs()) look_at(*program, *remembered);
}

Diagnosis take() {
  Diagnosis taken = remembered.value_or(Diagnosis());
  remembered.reset();
  return taken;
}

}  // namespace grade::diagnosis
