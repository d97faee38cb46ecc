#include "launch.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "errors.hpp"
#include "identity.hpp"
#include "runaway.hpp"
#include "terminal.hpp"

namespace grade {
namespace {

constexpr int kReport = 3;  // where the child tells why exec() failed

int check(const char* what, int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  check("pipe", ::pipe2(ends.data(), O_CLOEXEC));
  return {ends[0], ends[1]};
}

// The child's end of one standard stream, and the grader's.
struct Stream {
  int childs = -1;
  int graders = -1;
};

Stream open_stream(const std::string& target, int number, const std::string& terminal) {
  if (target == kPipe) {
    const Pipe pipe = make_pipe();
    return number == STDIN_FILENO ? Stream{pipe.read_end, pipe.write_end}
                                  : Stream{pipe.write_end, pipe.read_end};
  }
  if (target == kTerminal) {
    return {check("open a terminal", ::open(terminal.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC))};
  }
  const int flags = number == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  return {check(target.c_str(), ::open(target.c_str(), flags | O_CLOEXEC, 0644))};
}

std::vector<std::string> make_environment(const Setup& setup, const std::string& folder) {
  std::vector<std::string> environment = {"HOME=" + folder, "TMPDIR=" + folder, "LANG=C.UTF-8",
                                          "TERM=dumb",
                                          "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1"};
  // Where toolchains and runtimes are, if not where their launchers look by themselves.
  for (const char* name : {"PATH", "JAVA_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "GOROOT",
                           "DOTNET_ROOT", "ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name))
      environment.push_back(name + ("=" + std::string(value)));
  }
  environment.insert(environment.end(), setup.environment.begin(), setup.environment.end());
  return environment;
}

std::vector<char*> as_pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// From here on in the child, where nothing may be allocated.

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // A limit of a file's size stands for a full disk: that write() fails is all that may happen.
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void take_streams(const std::array<int, 3>& streams, int report) {
  // First out of the way of 0 to 3, then there; dup2() makes copies that exec() leaves open.
  std::array<int, 3> moved{};
  for (std::size_t i = 0; i < streams.size(); ++i) moved[i] = ::fcntl(streams[i], F_DUPFD, 10);
  const int moved_report = ::fcntl(report, F_DUPFD, 10);
  for (std::size_t i = 0; i < moved.size(); ++i) ::dup2(moved[i], static_cast<int>(i));
  ::dup2(moved_report, kReport);
  ::fcntl(kReport, F_SETFD, FD_CLOEXEC);
  ::close_range(kReport + 1, ~0U, 0);
}

void make_own_session(bool with_terminal) {
  ::setsid();  // a process group as well
  for (int stream = 0; with_terminal && stream < 3; ++stream) {
    if (::isatty(stream) != 0) ::ioctl(stream, TIOCSCTTY, 0);
  }
}

void give_up_privileges() {
  identity::assume();
  ::prctl(PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE);  // ports below 1024, if it is root all the same
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);              // which a change of the user takes back
}

[[noreturn]] void become(const char* folder, char* const* arguments, char* const* environment) {
  if (::chdir(folder) == 0) ::execvpe(arguments[0], arguments, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(kReport, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

Started launch(const std::string& executable, const Setup& setup, const std::string& folder) {
  const std::array<const std::string*, 3> targets{&setup.in, &setup.out, &setup.err};
  const bool with_terminal = std::ranges::any_of(targets, [](auto* t) { return *t == kTerminal; });
  std::optional<Terminal> terminal;
  if (with_terminal) terminal.emplace();
  std::array<Stream, 3> streams;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i] = open_stream(*targets[i], static_cast<int>(i), terminal ? terminal->path() : "");
  }
  for (const Stream& stream : streams) identity::hand_over(stream.childs);
  const Pipe report = make_pipe();

  std::vector<std::string> command = setup.wrapper;
  command.push_back(executable);
  command.insert(command.end(), setup.arguments.begin(), setup.arguments.end());
  std::vector<std::string> environment = make_environment(setup, folder);
  const std::vector<char*> arguments = as_pointers(command);
  const std::vector<char*> variables = as_pointers(environment);

  identity::of_programs();  // chosen here, and not in the child
  const bool has_sanitizer = is_sanitized(executable);
  const pid_t pid = check("fork", ::fork());
  if (pid == 0) {
    reset_signals();
    take_streams({streams[0].childs, streams[1].childs, streams[2].childs}, report.write_end);
    make_own_session(with_terminal);
    set_limits(has_sanitizer);
    give_up_privileges();
    become(folder.c_str(), arguments.data(), variables.data());
  }

  ::close(report.write_end);
  int error = 0;
  const bool failed = ::read(report.read_end, &error, sizeof error) == sizeof error;
  ::close(report.read_end);
  for (const Stream& stream : streams) ::close(stream.childs);
  if (failed) {
    ::waitpid(pid, nullptr, 0);
    for (const Stream& stream : streams) {
      if (stream.graders >= 0) ::close(stream.graders);
    }
    if (error == EAGAIN || error == ENOMEM) {
      throw std::system_error(error, std::generic_category(), "cannot start " + executable);
    }
    throw CannotRun("cannot start " + executable + ": " + std::generic_category().message(error));
  }
  return {.pid = pid,
          .in = streams[0].graders,
          .out = streams[1].graders,
          .err = streams[2].graders,
          .terminal = terminal ? terminal->take_master() : -1};
}

}  // namespace grade
