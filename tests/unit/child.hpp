// A process that does one thing that a test cannot do in its own: end, or be ended by a signal.

#pragma once

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "descriptors.hpp"
#include "shared/socket.hpp"

constexpr int kReturned = 99;  // the exit status of a child whose action has returned
constexpr int kThrew = 98;     // ... or has thrown an exception

// For a child that is to end in good order however slow the machine is: the limit of a second that
// stop() sets is for a message that nobody takes.
inline void cancel_alarms() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the thread is not to be met by any signal
  std::thread([] {
    while (true) {
      ::alarm(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

class Child {
 public:
  // Standard output and error of `action` are kept; its input is what the test's is.
  template <typename Action>
  explicit Child(Action action) {
    static_cast<void>(std::fflush(nullptr));  // or exit() in the child would write it a second time
    pid_ = check("fork", ::fork());
    if (pid_ > 0) {
      lives_.writing.close();
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    constexpr rlimit kNoCoreFile{};
    ::setrlimit(RLIMIT_CORE, &kNoCoreFile);
    ::dup2(output_.number(), STDOUT_FILENO);
    ::dup2(errors_.number(), STDERR_FILENO);
    try {
      action();
    } catch (...) {
      ::_exit(kThrew);
    }
    ::_exit(kReturned);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (status_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const noexcept { return pid_; }
  std::string output() const { return content_of(output_); }
  std::string errors() const { return content_of(errors_); }
  void send_signal(int number) const { check("kill", ::kill(pid_, number)); }

  // True if its first thread waits in a system call.
  bool is_asleep() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string pid;
    std::string name;
    char state = 0;
    return file >> pid >> name >> state && state == 'S';
  }

  // Both wait for the end of the child; -1 if it did not come in that way.
  int exit_status() { return WIFEXITED(wait()) ? WEXITSTATUS(wait()) : -1; }
  int ending_signal() { return WIFSIGNALED(wait()) ? WTERMSIG(wait()) : -1; }

 private:
  // A child that does not end is killed after a minute.
  int wait() {
    if (!status_) {
      pollfd end_of_child{.fd = lives_.reading.number(), .events = 0, .revents = 0};
      if (::poll(&end_of_child, 1, 60'000) != 1) send_signal(SIGKILL);
      int status = 0;
      check("waitpid", ::waitpid(pid_, &status, 0));
      status_ = status;
    }
    return *status_;
  }

  Descriptor output_ = memory_file();
  Descriptor errors_ = memory_file();
  Pipe lives_ = make_pipe();  // its writing end closes with the child, whatever ends it
  pid_t pid_ = -1;
  std::optional<int> status_;
};
