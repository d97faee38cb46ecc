#include "sandbox.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>

#include "network.hpp"
#include "scratch.hpp"
#include "submission.hpp"

namespace grade::sandbox {
namespace {

pid_t fork_or_throw() {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  return child;
}

int exit_status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The first process of a new namespace, with a /proc that shows that namespace.
bool become_first_process() {
  return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

// Whether it can be done, tried in processes that are gone then.
bool can_have_own_processes() {
  const pid_t child = fork_or_throw();
  if (child == 0) {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(1);
    const pid_t first = ::fork();
    if (first == 0) {
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
      ::_exit(become_first_process() ? 0 : 1);
    }
    ::_exit(first < 0 ? 1 : exit_status_of(first));
  }
  return exit_status_of(child) == 0;
}

}  // namespace

void enter(bool private_network) {
  if (private_network) network::make_private();
  if (!network::is_private() || !can_have_own_processes()) return;
  if (::unshare(CLONE_NEWPID) != 0) return;
  const pid_t first = fork_or_throw();
  if (first > 0) {
    // A signal to this process ends it, and PR_SET_PDEATHSIG then ends the other one.
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
    ::_exit(exit_status_of(first));
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!become_first_process()) {
    throw std::system_error(errno, std::generic_category(), "mount /proc");
  }
}

void hide_course() {
  const std::string& course = submission::course();
  if (!network::is_private() || course.empty() || scratch::path().starts_with(course)) return;
  ::mount("tmpfs", course.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=0755");
}

}  // namespace grade::sandbox
