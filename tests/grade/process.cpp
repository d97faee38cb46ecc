#include "process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <system_error>

#include "identity.hpp"
#include "incidents.hpp"
#include "launch.hpp"
#include "lines.hpp"
#include "proc.hpp"
#include "runaway.hpp"
#include "scratch.hpp"
#include "text.hpp"
#include "transcript.hpp"

namespace grade {
namespace {

std::vector<pid_t> running;  // each is the leader of a process group
std::vector<Program*> programs;

struct Zombie {
  pid_t pid;
  Clock::time_point ended;
};
std::deque<Zombie> zombies;  // the longest dead first

// What an interpreter, or a language's runtime, says before it gives up.
bool has_uncaught_error(std::string_view words) {
  constexpr std::array<std::string_view, 7> kSigns = {"Traceback (most recent call last)",
                                                      "terminate called",
                                                      "ERROR: AddressSanitizer",
                                                      "Exception in thread",
                                                      "panicked at",
                                                      "\npanic: ",
                                                      "\n    at "};
  return std::ranges::any_of(
      kSigns, [&](std::string_view sign) { return words.find(sign) != std::string_view::npos; });
}

// Ends the program, its process group, and what of its family has left the group.
void kill_family(pid_t pid) {
  const std::vector<pid_t> family = proc::family(pid);
  ::kill(-pid, SIGKILL);
  for (const pid_t member : family) ::kill(member, SIGKILL);
}

bool limit_one(pid_t pid, int resource, std::uint64_t value) {
  const auto which = static_cast<__rlimit_resource>(resource);
  rlimit limits{};
  if (::prlimit(pid, which, nullptr, &limits) != 0) return false;
  limits.rlim_cur = std::min<rlim_t>(value, limits.rlim_max);
  return ::prlimit(pid, which, &limits, nullptr) == 0;
}

// Waits for the end of a child that has been killed, and leaves it a zombie for a while. Its last
// thread may still be putting its part of /proc away, and the kernel has who takes the zombie
// before that try again and again: on a busy machine, where that thread gets no processor
// meanwhile, for seconds, in which nothing else runs.
void bury_later(pid_t child) {
  constexpr auto kAWhile = std::chrono::milliseconds(50);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  zombies.push_back({child, Clock::now()});
  while (!zombies.empty() && Clock::now() - zombies.front().ended > kAWhile) {
    ::waitpid(zombies.front().pid, nullptr, 0);
    zombies.pop_front();
  }
}

// What the ended programs left behind is the grader's by now.
void kill_orphans() {
  for (const pid_t child : proc::children(::getpid())) {
    const bool is_zombie = std::ranges::find(zombies, child, &Zombie::pid) != zombies.end();
    if (is_zombie || std::ranges::find(running, child) != running.end()) continue;
    kill_family(child);
    bury_later(child);
  }
}

}  // namespace

std::string Ending::text() const {
  if (signal != 0) return std::string("ended by a signal: ") + ::strsignal(signal);
  return "exit " + std::to_string(code);
}

Program::Program(std::string who, const std::string& executable, const Setup& setup)
    : who_(std::move(who)), folder_(setup.folder.empty() ? scratch::folder(who_) : setup.folder) {
  start(executable, setup);
}

void Program::start(const std::string& executable, const Setup& setup) {
  std::string command = executable.substr(executable.rfind('/') + 1);
  for (const std::string& argument : setup.arguments) command += " '" + excerpt(argument) + "'";
  if (setup.out.starts_with('/')) command += " >" + setup.out;
  transcript::note(who_, "is started as " + command);

  identity::hand_over(folder_);
  Started started = launch(executable, setup, folder_);
  pid_ = started.pid;
  running.push_back(pid_);
  programs.push_back(this);
  const auto channel = [&](const char* stream, int descriptor, Channel::Kind kind) {
    return std::make_unique<Channel>(who_ + " " + stream, descriptor, kind);
  };
  in_ = channel("stdin", started.in, Channel::Kind::kPipe);
  in_->read(false);
  out_ = channel("stdout", started.out, Channel::Kind::kPipe);
  err_ = channel("stderr", started.err, Channel::Kind::kPipe);
  terminal_ = channel("terminal", started.terminal, Channel::Kind::kTerminal);
  for (Channel* const channel_of_program : {out_.get(), err_.get(), terminal_.get()}) {
    channel_of_program->limit(kMostOutput, [this] { stop("wrote more than 64 MB"); });
  }
}

Program::~Program() {
  if (!ending()) {
    transcript::note(who_, "is killed by the grader");
  } else {
    tell_crash();
  }
  kill_family(pid_);
  bury_later(pid_);
  std::erase(running, pid_);
  std::erase(programs, this);
  kill_orphans();
}

void Program::type(std::string_view text) {
  (in_->descriptor() >= 0 ? in_ : terminal_)->send(text);
}

void Program::end_input() {
  (in_->descriptor() >= 0 ? in_ : terminal_)->finish_sending();
}

void Program::stop(const std::string& why) {
  incidents::ran_away("the " + who_ + " " + why + ", and was ended by the grader");
  transcript::note(who_, why + ": it is ended by the grader");
  killed_ = true;
  kill_family(pid_);
}

void Program::signal(int number) {
  transcript::note(who_, "<- signal: " + std::string(::strsignal(number)));
  if (number == SIGKILL) {
    killed_ = true;
    kill_family(pid_);
  } else if (number == SIGSTOP || number == SIGCONT) {
    for (const pid_t member : proc::family(pid_)) ::kill(member, number);
    if (number == SIGSTOP) wait_until([this] { return proc::is_stopped(pid_) || ending(); });
  } else if (!ending()) {
    ::kill(pid_, number);
  }
}

std::optional<Ending> Program::ending() {
  siginfo_t info{};
  // It stays a zombie until the end, so that its number is not given to another process.
  constexpr int kOptions = WEXITED | WNOHANG | WNOWAIT;
  if (!ending_ && ::waitid(P_PID, static_cast<id_t>(pid_), &info, kOptions) == 0 &&
      info.si_pid == pid_) {
    ending_ = info.si_code == CLD_EXITED ? Ending{.code = info.si_status}
                                         : Ending{.signal = info.si_status};
    transcript::note(who_, ending_->text());
  }
  return ending_;
}

bool Program::is_over() {
  if (!ending()) return false;
  turn();  // what it wrote is in the pipes by now
  return std::ranges::all_of(
      std::initializer_list<const Channel*>{out_.get(), err_.get(), terminal_.get()},
      [](const Channel* channel) {
        return channel->descriptor() < 0 || channel->incoming.finished();
      });
}

Outcome Program::ends(const Ending& expected, Clock::duration limit) {
  if (!wait_until([&] { return ending().has_value(); }, limit)) {
    return Outcome::fails("expected " + expected.text() + ", the " + who_ + " runs on");
  }
  wait_until([&] { return is_over(); }, one_second());
  const bool as_expected = ending_->code == expected.code && ending_->signal == expected.signal;
  return Outcome::of(as_expected,
                     "expected " + expected.text() + ", the " + who_ + " " + ending_->text());
}

Outcome Program::exits(int code) {
  return ends({.code = code}, patience());
}

Outcome Program::is_ended_by(int signal) {
  return ends({.signal = signal}, patience());
}

void Program::limit(int resource, std::uint64_t value) {
  if (ending()) return;
  // Root may not change another user's limits everywhere, that user may.
  const bool done = identity::as_programs([&] {
    for (const pid_t member : proc::family(pid_)) {
      if (!limit_one(member, resource, value) && errno != ESRCH) return false;  // gone meanwhile
    }
    return true;
  });
  if (!done) throw std::system_error(EPERM, std::generic_category(), "prlimit");
}

Outcome Program::is_idle() {
  // A slow one may still be at what came before, and comes to rest later.
  const Clock::time_point limit = Clock::now() + patience();
  Outcome outcome = rests_for_a_moment();
  while (!outcome && Clock::now() < limit) outcome = rests_for_a_moment();
  return outcome;
}

// On a busy machine a program that never rests is mostly in line for the processor and hardly uses
// it; so it is looked at now and then whether it wants it.
Outcome Program::rests_for_a_moment() {
  constexpr int kLooks = 20;
  constexpr int kMost = 6;
  int busy = 0;
  for (int look = 0; look < kLooks; ++look) {
    let_pass(one_second() / 100);
    if (proc::wants_processor(pid_)) ++busy;
  }
  return Outcome::of(busy <= kMost,
                     "the " + who_ + " has nothing to do and is busy: " + std::to_string(busy) +
                         " of " + std::to_string(kLooks) + " times that it was looked at");
}

std::string Program::last_words() {
  turn();  // takes them
  const std::vector<std::string> words = lines_of(err().all());
  return words.empty() ? "" : "; its last words: " + excerpt(words.back());
}

// Whether an error that nobody caught has ended the program: by a signal that nobody sent, or with
// what an interpreter prints then.
void Program::tell_crash() {
  constexpr std::array kSent = {0, SIGINT, SIGTERM, SIGHUP, SIGQUIT};  // by a check, or none
  const int number = ending_->signal;
  if (number == SIGKILL && killed_) return;
  if (std::ranges::find(kSent, number) != kSent.end() && ending_->code == 0) return;
  const std::string last = last_words();
  if (number == SIGXCPU) {
    incidents::ran_away("the " + who_ + " used the processor for a minute, and was ended");
  } else if (number != 0) {
    incidents::crashed("the " + who_ + " was ended by a signal (" + ::strsignal(number) + ")" +
                       last);
  } else if (has_uncaught_error(err().all())) {
    incidents::crashed("the " + who_ + " was ended by an error that it does not catch" + last);
  }
}

void stop_runaways() {
  constexpr auto kPeriod = std::chrono::milliseconds(100);
  static Clock::time_point last = Clock::now();
  if (Clock::now() - last < kPeriod) return;
  last = Clock::now();
  for (Program* const program : programs) {
    const std::string reason = program->ending() ? "" : why_runaway(program->pid());
    if (!reason.empty()) program->stop(reason);
  }
}

const std::vector<Program*>& all_programs() {
  return programs;
}

void kill_all_programs() {
  for (const pid_t pid : running) kill_family(pid);
}

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

}  // namespace grade
