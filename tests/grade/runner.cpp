#include "runner.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

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
constexpr unsigned kShards = 4;

// The checks that are still to be made, by their numbers: a pipe with a byte for each, from which
// every shard takes its next. Long ones come first.
class Queue {
 public:
  explicit Queue(const std::vector<CheckResult>& checks) {
    std::string numbers;
    for (const bool is_long : {true, false}) {
      for (std::size_t i = 0; i < checks.size(); ++i) {
        if (checks[i].is_long == is_long) numbers += static_cast<char>(i);
      }
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0 ||
        ::write(ends[1], numbers.data(), numbers.size()) < 0) {
      throw std::system_error(errno, std::generic_category(), "a queue of checks");
    }
    ::close(ends[1]);
    descriptor_ = ends[0];
  }

  std::optional<std::size_t> next() const {
    unsigned char number = 0;
    if (::read(descriptor_, &number, 1) != 1) return std::nullopt;
    return number;
  }

 private:
  int descriptor_;
};

bool send(int socket, const CheckResult& check) {
  const std::string message = wire::to_line(check);
  return ::send(socket, message.data(), message.size(), MSG_NOSIGNAL) >= 0;
}

// A result that is too large for one message goes without its reasons.
void tell(int socket, CheckResult check) {
  if (send(socket, check)) return;
  if (errno == EMSGSIZE) {
    check.reasons.clear();
    if (send(socket, check)) return;
  }
  std::perror("grade: a result could not be told");
}

// doctest takes a comma for the end of a title; in its patterns "?" is any character.
std::string pattern_of(std::string title) {
  std::ranges::replace(title, ',', '?');
  return title;
}

void make(const Lab& lab, const CheckResult& check) {
  doctest::Context context;
  context.addFilter("test-suite", ("lab" + std::to_string(lab.number)).c_str());
  context.addFilter("test-case", pattern_of(check.title).c_str());
  context.addFilter("reporters", "record");
  context.setOption("case-sensitive", true);
  context.setOption("no-breaks", true);
  context.run();
}

// Makes one check after another, in a network and as a user of its own.
void run_shard(const Lab& lab, unsigned shard, const std::vector<CheckResult>& checks,
               const Queue& queue, const Options& options, int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  scratch::enter("shard" + std::to_string(shard));
  identity::become_number(static_cast<unsigned>(lab.number) * kShards + shard);
  if (options.private_network) network::make_private();
  adopt_orphans();

  record(lab, [&](const CheckResult& check) { tell(socket, check); });
  while (const auto number = queue.next()) make(lab, checks[*number]);
}

// Runs it in a child.
pid_t start_shard(const Lab& lab, unsigned shard, const std::vector<CheckResult>& checks,
                  const Queue& queue, const Options& options, int socket) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    run_shard(lab, shard, checks, queue, options, socket);
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
    sandbox::hide_shared_folders();
    const Queue queue(checks);
    std::vector<pid_t> shards;
    for (unsigned shard = 0; shard < kShards; ++shard) {
      shards.push_back(start_shard(lab, shard, checks, queue, options, socket));
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
