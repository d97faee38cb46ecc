#include "sandbox.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

// Puts an empty folder over one where anybody may write, but leaves our own folders in it.
void replace_shared_folder(const std::string& folder) {
  std::string ours;  // the folder in it that has ours
  if (scratch::path().starts_with(folder + "/")) {
    ours = scratch::path().substr(0, scratch::path().find('/', folder.size() + 1));
  }
  const int kept = ours.empty() ? -1 : ::open(ours.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (!ours.empty() && kept < 0) return;
  const bool mounted =
      ::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m") == 0;
  if (mounted && kept >= 0) {
    const std::string from = "/proc/self/fd/" + std::to_string(kept);
    if (::mkdir(ours.c_str(), 0711) != 0 ||
        ::mount(from.c_str(), ours.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      ::umount2(folder.c_str(), MNT_DETACH);
    }
  }
  if (kept >= 0) ::close(kept);
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

void hide_shared_folders() {
  if (!network::is_private()) return;
  for (const char* folder : {"/tmp", "/var/tmp", "/dev/shm"}) replace_shared_folder(folder);
}

}  // namespace grade::sandbox
