// A library for LD_PRELOAD: the time of day jumps by as many seconds as the file named by
// CLOCK_SHIFT says, as often as that is written anew. The clock that only counts on is left alone,
// as it is where somebody sets a machine's time.

#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace {

std::time_t shift() {
  const char* const path = std::getenv("CLOCK_SHIFT");
  std::time_t seconds = 0;
  if (path != nullptr) std::ifstream(path) >> seconds;
  return seconds;
}

}  // namespace

// The system's headers have names for the parameters that only they may use.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long status = ::syscall(SYS_clock_gettime, clock, now);
  if (status == 0 && clock == CLOCK_REALTIME) now->tv_sec += shift();
  return static_cast<int>(status);
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
  timespec precise{};
  const int status = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return status;
}

std::time_t time(std::time_t* seconds) noexcept {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (seconds != nullptr) *seconds = precise.tv_sec;
  return precise.tv_sec;
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
