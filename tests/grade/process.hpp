// Program: a program under test, in whatever language, from its start to the end of all that it
// started. It has a process group, a session and a folder of its own, a clean environment, and no
// descriptor of the grader's but 0, 1 and 2.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel.hpp"
#include "outcome.hpp"

namespace grade {

// What a standard stream is connected to: a pipe, a pseudo-terminal (one for all streams that say
// so), or else a file of this name, as with `<in`, `>/dev/full`, `2>/dev/null`.
inline const std::string kPipe = "a pipe";
inline const std::string kTerminal = "a terminal";

struct Setup {
  std::vector<std::string> arguments = {};
  std::string folder = {};  // to run in; a new one if empty
  std::string in = kPipe;
  std::string out = kPipe;
  std::string err = kPipe;
  std::vector<std::string> environment = {};  // besides the usual, "NAME=value"
  std::vector<std::string> wrapper = {};      // a command that runs the program: strace and so on
};

struct Ending {
  int code = 0;    // of exit(), if no signal ended it
  int signal = 0;  // that ended it
  std::string text() const;
};

class Program {
 public:
  // `who` names it in the transcript. Throws std::system_error if it cannot be started.
  Program(std::string who, const std::string& executable, const Setup& setup);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const std::string& who() const { return who_; }
  pid_t pid() const { return pid_; }
  const std::string& folder() const { return folder_; }

  // What it writes. A stream on the terminal comes by terminal(), together with what is typed,
  // which a terminal shows.
  Incoming& out() { return out_->incoming; }
  Incoming& err() { return err_->incoming; }
  Incoming& terminal() { return terminal_->incoming; }
  const Channel& terminal_channel() const { return *terminal_; }

  // Its standard input.
  void type(std::string_view text);
  void end_input();

  void signal(int number);  // SIGKILL ends its children, too

  // Ends it, because it does what cannot be let go on.
  void stop(const std::string& why);

  // How it ended; std::nullopt while it runs.
  std::optional<Ending> ending();

  // The last line on its standard error, as an end of a sentence; empty if there is none.
  std::string last_words();

  // It has ended, and all that it wrote has been read.
  bool is_over();

  // Each of these waits for the end.
  Outcome exits(int code);
  Outcome is_ended_by(int signal);

  // A resource limit of the running program, RLIM_INFINITY for none: see prlimit(2).
  void limit(int resource, std::uint64_t value);

  // Uses next to no processor time once it has nothing more to do.
  Outcome is_idle();

 private:
  void start(const std::string& executable, const Setup& setup);
  void tell_crash();
  Outcome ends(const Ending& expected, Clock::duration limit);
  Outcome rests_for_a_moment();

  std::string who_;
  std::string folder_;
  pid_t pid_ = -1;
  std::optional<Ending> ending_;
  bool killed_ = false;  // by the grader
  std::unique_ptr<Channel> in_, out_, err_, terminal_;
};

// Stops those that use up the machine. To be called often.
void stop_runaways();

// All that are running, or whose end has not been looked at.
const std::vector<Program*>& all_programs();

// Ends every program there is, at once.
void kill_all_programs();

// Calls itself the parent of whatever its programs leave behind: see PR_SET_CHILD_SUBREAPER in
// prctl(2). To be called once.
void adopt_orphans();

}  // namespace grade
