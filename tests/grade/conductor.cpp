#include "conductor.hpp"

#include <fnmatch.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "card.hpp"
#include "check.hpp"
#include "interrupt.hpp"
#include "patience.hpp"
#include "points.hpp"
#include "proc.hpp"
#include "process.hpp"
#include "reports.hpp"
#include "runner.hpp"
#include "scratch.hpp"
#include "submission.hpp"
#include "wire.hpp"

namespace grade {
namespace {

// The process that grades one lab, and where its results come from.
struct Running {
  LabResult* lab;
  pid_t pid;
  int socket;
  Clock::time_point begin = Clock::now();
};

bool is_wanted(const Lab& lab, const std::vector<int>& labs) {
  return labs.empty() || std::ranges::find(labs, lab.number) != labs.end();
}

// The labs to be graded; if none are named, as the submission's folder is called.
std::vector<int> wanted_labs(const Options& options) {
  if (!options.labs.empty()) return options.labs;
  const std::optional<int> lab = submission::lab_of_folder();
  if (!lab)
    throw std::invalid_argument("which lab is " + submission::folder() + "? Name it: 1 to 10");
  return *lab == 0 ? std::vector<int>() : std::vector<int>{*lab};
}

// All that is to be graded, with nothing of it done.
Results plan(const Options& options) {
  Results results{.submission = submission::folder(), .seed = options.seed, .labs = {}};
  const std::vector<int> labs = wanted_labs(options);
  for (const Lab& lab : kLabs) {
    if (!is_wanted(lab, labs)) continue;
    const std::string folder = submission::folder_of(lab);
    if (folder.empty()) {
      if (!options.labs.empty()) std::fprintf(stderr, "grade: there is no lab %d\n", lab.number);
      continue;
    }
    LabResult result{.lab = lab.number,
                     .name = std::string(lab.name),
                     .folder = folder,
                     .build_words = {},
                     .checks = checks_of(lab.number, options.with_reference)};
    std::erase_if(result.checks, [&](const CheckResult& check) {
      return !options.check.empty() &&
             ::fnmatch(options.check.c_str(), check.title.c_str(), FNM_NOESCAPE) != 0;
    });
    if (!result.checks.empty()) results.labs.push_back(std::move(result));
  }
  return results;
}

Running start(LabResult& lab, const Options& options) {
  std::array<int, 2> ends{};  // a message is read whole, and as it was sent
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    ::close(ends[0]);
    run_lab(kLabs[lab.lab - 1], lab.checks, options, ends[1]);
  }
  ::close(ends[1]);
  return {.lab = &lab, .pid = pid, .socket = ends[0]};
}

void take(LabResult& lab, CheckResult check) {
  if (check.title.empty()) {
    lab.build_words = std::move(check.summary);
    return;
  }
  for (CheckResult& known : lab.checks) {
    if (known.title == check.title) {
      check.worth = known.worth;
      known = std::move(check);
      return;
    }
  }
}

// What has come; false at the end.
bool take_result(const Running& running) {
  static std::array<char, 1 << 18> buffer;
  const ssize_t size = ::recv(running.socket, buffer.data(), buffer.size(), 0);
  if (size <= 0) return size < 0 && errno == EINTR;
  take(*running.lab, wire::from_line({buffer.data(), static_cast<std::size_t>(size)}));
  return true;
}

void finish(const Running& running) {
  ::close(running.socket);
  int status = 0;
  ::waitpid(running.pid, &status, 0);
  running.lab->seconds = std::chrono::duration<double>(Clock::now() - running.begin).count();
  for (CheckResult& check : running.lab->checks) {
    if (check.verdict != Verdict::kWaiting) continue;
    check.verdict = Verdict::kGraderFailed;
    check.summary = WIFSIGNALED(status) ? "the grader's process was ended by signal " +
                                              std::to_string(WTERMSIG(status))
                                        : "the grader's process ended before it";
  }
}

// Ends every process that descends from this one: whose parent has gone is this one's child (see
// adopt_orphans()).
void end_all() {
  do {
    for (const pid_t child : proc::children(::getpid())) ::kill(child, SIGKILL);
  } while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR);
}

class Grading {
 public:
  explicit Grading(const Options& options) : options_(options), results_(plan(options)) {}

  Results& run() {
    // One more than there are processors, since much of the time is waiting.
    const std::size_t jobs =
        options_.jobs > 0 ? options_.jobs : std::thread::hardware_concurrency() + 1;
    const std::size_t labs = results_.labs.size();
    std::size_t begun = 0;
    tell();
    while (begun < labs || !running_.empty()) {
      while (running_.size() < jobs && begun < labs) {
        // The last one first: lab 10 does little but wait, and so is no burden to the others.
        running_.push_back(start(results_.labs[(begun++ + labs - 1) % labs], options_));
      }
      wait();
      tell();
    }
    return results_;
  }

 private:
  void wait() {
    std::vector<pollfd> sockets;
    for (const Running& running : running_) sockets.push_back({running.socket, POLLIN, 0});
    ::poll(sockets.data(), sockets.size(), -1);
    if (was_interrupted()) {
      end_all();
      leave_if_interrupted();
    }
    for (std::size_t i = sockets.size(); i-- > 0;) {
      if (sockets[i].revents == 0 || take_result(running_[i])) continue;
      finish(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void tell() {
    if (!options_.reports.vpl) card_.show(results_);
    reports::write_files(results_, options_.reports);
  }

  const Options& options_;
  Results results_;
  std::vector<Running> running_;
  Card card_;
};

int list(const Results& results) {
  for (const LabResult& lab : results.labs) {
    std::printf("%s: %s points\n", lab.name.c_str(), points_text(lab.worth()).c_str());
    for (const CheckResult& check : lab.checks) {
      std::printf("  %5s  %s\n", points_text(check.worth).c_str(), check.title.c_str());
    }
  }
  return 0;
}

}  // namespace

int grade_labs(const Options& options) {
  if (options.only_lists) return list(plan(options));
  watch_for_interrupts();
  adopt_orphans();
  set_seed(options.seed);
  scratch::create();
  const double slowness = measure_slowness();
  Grading grading(options);
  const Results& results = grading.run();
  end_all();
  if (results.labs.empty()) {
    std::fputs("grade: there is nothing to grade\n", stderr);
    return 2;
  }
  if (!options.reports.vpl) card::show_end(results, slowness);
  reports::write_to_stdout(results, options.reports);
  if (results.grader_failed()) return 3;
  return results.earned() == results.worth() ? 0 : 1;
}

}  // namespace grade
