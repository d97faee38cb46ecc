#include "runner.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "check.hpp"
#include "identity.hpp"
#include "interrupt.hpp"
#include "network.hpp"
#include "process.hpp"
#include "recorder.hpp"
#include "sandbox.hpp"
#include "scratch.hpp"
#include "wire.hpp"

namespace grade {
namespace {

// A few checks of a lab are made at the same time, since most of their time is waiting.
constexpr unsigned kShards = 3;

void tell(int socket, const CheckResult& check) {
  const std::string message = wire::to_line(check);
  if (::send(socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    std::perror("grade: a result could not be told");
  }
}

// doctest takes a comma for the end of a title; in its patterns "?" is any character.
std::string pattern_of(std::string title) {
  std::ranges::replace(title, ',', '?');
  return title;
}

// Every kShards-th check, in a network and as a user of its own.
void run_shard(const Lab& lab, unsigned shard, const std::vector<CheckResult>& checks,
               const Options& options, int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  scratch::enter("shard" + std::to_string(shard));
  identity::become_number(static_cast<unsigned>(lab.number) * kShards + shard);
  if (options.private_network) network::make_private();
  adopt_orphans();

  doctest::Context context;
  context.addFilter("test-suite", ("lab" + std::to_string(lab.number)).c_str());
  std::map<std::string, int> worth;
  for (std::size_t i = shard; i < checks.size(); i += kShards) {
    worth[checks[i].title] = checks[i].worth;
    context.addFilter("test-case", pattern_of(checks[i].title).c_str());
  }
  if (worth.empty()) return;
  record(lab, worth, [&](const CheckResult& check) { tell(socket, check); });
  context.addFilter("reporters", "record");
  context.setOption("no-breaks", true);
  context.run();
}

// Runs it in a child.
pid_t start_shard(const Lab& lab, unsigned shard, const std::vector<CheckResult>& checks,
                  const Options& options, int socket) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    run_shard(lab, shard, checks, options, socket);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grade: lab %d: %s\n", lab.number, error.what());
  }
  kill_all_programs();
  std::fflush(nullptr);
  ::_exit(0);
}

void build(const Lab& lab, int socket) {
  constexpr std::size_t kMostWords = 20'000;
  submission::program_of(lab, "server");
  const std::string& words = submission::build_words(lab);
  if (words.empty()) return;
  tell(socket, {.lab = lab.number, .title = "", .summary = words.substr(0, kMostWords)});
}

}  // namespace

void run_lab(const Lab& lab, const std::vector<CheckResult>& checks, const Options& options,
             int socket) {
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    scratch::enter("lab" + std::to_string(lab.number));
    sandbox::enter(options.private_network);
    adopt_orphans();
    watch_for_interrupts();
    build(lab, socket);
    sandbox::hide_course();
    std::vector<pid_t> shards;
    for (unsigned shard = 0; shard < kShards; ++shard) {
      shards.push_back(start_shard(lab, shard, checks, options, socket));
    }
    for (const pid_t shard : shards) {
      while (::waitpid(shard, nullptr, 0) < 0 && errno == EINTR) leave_if_interrupted();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grade: lab %d: %s\n", lab.number, error.what());
  }
  std::fflush(nullptr);
  ::_exit(0);
}

}  // namespace grade
