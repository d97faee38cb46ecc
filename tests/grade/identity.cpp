#include "identity.hpp"

#include <ftw.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace grade::identity {
namespace {

constexpr uid_t kNumbers = 1024;
uid_t number = 0;

// Above the users that a system has or gives. It differs from one grader to the next, since limits
// on the number of processes are a user's and not a program's.
uid_t choose() {
  constexpr uid_t kFirst = 200'000'000;
  constexpr uid_t kGraders = 100'000;
  if (::geteuid() != 0) return ::geteuid();
  // In a user namespace there may be no such user: then programs are who the grader is.
  const uid_t chosen = kFirst + static_cast<uid_t>(::getpid()) % kGraders * kNumbers;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::setresuid(chosen, chosen, chosen) == 0 ? 0 : 1);
  int status = 1;
  if (child > 0) ::waitpid(child, &status, 0);
  return status == 0 ? chosen : 0;
}

int hand_over_entry(const char* path, const struct stat* /*about*/, int /*type*/,
                    struct FTW* /*where*/) {
  [[maybe_unused]] const int done = ::lchown(path, of_programs(), of_programs());
  return 0;
}

}  // namespace

bool is_other() {
  return of_programs() != ::geteuid();
}

uid_t of_programs() {
  static const uid_t first = choose();
  return first == ::geteuid() ? first : first + number;
}

bool obeys_modes() {
  return of_programs() != 0;
}

void become_number(unsigned chosen) {
  number = chosen % kNumbers;
}

void hand_over(const std::string& path) {
  constexpr int kOpenFolders = 16;
  if (is_other()) ::nftw(path.c_str(), hand_over_entry, kOpenFolders, FTW_PHYS | FTW_MOUNT);
}

void hand_over(int descriptor) {
  [[maybe_unused]] const int done =
      is_other() ? ::fchown(descriptor, of_programs(), of_programs()) : 0;
}

bool as_programs(const std::function<bool()>& action) {
  if (!is_other()) return action();
  const pid_t child = ::fork();
  if (child == 0) {
    assume();
    ::_exit(action() ? 0 : 1);
  }
  int status = 1;
  if (child > 0) ::waitpid(child, &status, 0);
  return child > 0 && status == 0;
}

void assume() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!is_other()) return;
  const uid_t user = of_programs();
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
      ::setresuid(user, user, user) != 0) {
    ::_exit(127);
  }
}

}  // namespace grade::identity
