#include "interrupt.hpp"

#include <unistd.h>

#include <csignal>

#include "process.hpp"
#include "scratch.hpp"

namespace grade {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void remember(int number) {
  interrupted = number;
}

}  // namespace

void watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void leave_if_interrupted() {
  if (interrupted == 0) return;
  kill_all_programs();
  scratch::remove();
  ::_exit(128 + interrupted);
}

}  // namespace grade
