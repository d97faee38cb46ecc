#include "patience.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>

#include "incidents.hpp"

namespace grade {
namespace {

constexpr int kRounds = 10;
constexpr std::chrono::duration<double> kUsualRound = std::chrono::milliseconds(3);

double slowness = 1;
constexpr std::chrono::milliseconds kLeastPatience = std::chrono::seconds(3);
std::chrono::milliseconds most_patience = std::chrono::seconds(10);

// Something like what a check does: a program is started, works a little, and ends.
void run_a_program() {
  char shell[] = "/bin/sh";
  char option[] = "-c";
  char script[] = "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done";
  char* const arguments[] = {shell, option, script, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = 0;
  if (::posix_spawn(&pid, shell, nullptr, nullptr, arguments, environment) != 0) return;
  ::waitpid(pid, nullptr, 0);
}

Clock::duration stretched(std::chrono::duration<double> limit) {
  return std::chrono::duration_cast<Clock::duration>(limit * slowness);
}

}  // namespace

double measure_slowness() {
  const Clock::time_point start = Clock::now();
  for (int round = 0; round < kRounds; ++round) run_a_program();
  const std::chrono::duration<double> took = Clock::now() - start;
  slowness = std::clamp(took / (kRounds * kUsualRound), 1.0, 10.0);
  return slowness;
}

Clock::duration patience() {
  // The check has failed by then, and what is looked at after that is only for its report.
  constexpr std::chrono::milliseconds kAfterFailure{300};
  return stretched(incidents::of_this_check().waited_in_vain ? kAfterFailure : most_patience);
}

void lose_patience() {
  most_patience = std::min(most_patience, std::max(most_patience / 2, kLeastPatience));
}

void set_patience(std::chrono::seconds limit) {
  most_patience = limit;
}

Clock::duration one_second() {
  return stretched(std::chrono::seconds(3));
}

}  // namespace grade
