// The header of lab 4: a log, and what becomes of it when the disk is full.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "child.hpp"
#include "descriptors.hpp"
#include "lab4_logfile/log.hpp"
#include "lab4_logfile/standard_streams.hpp"
#include "lab4_logfile/stop_signals.hpp"
#include "scratch_folder.hpp"
#include "waiting.hpp"

const std::string_view kProgram = "server";

using namespace std::chrono_literals;
using std::string_literals::operator""s;

namespace {

constexpr std::string_view kUtc = "UTC0";

// Of a POSIX form, so that no file of time zones is needed. See tzset(3).
void set_time_zone(std::string_view zone) {
  ::setenv("TZ", std::string(zone).c_str(), 1);
  ::tzset();
}

constexpr std::chrono::sys_days kDay = std::chrono::year(2026) / 11 / 22;

std::string in_zone(std::string_view zone, std::chrono::system_clock::time_point time) {
  set_time_zone(zone);
  return timestamp(time);
}

// With every digit as 0: what does not depend on when it was written.
std::string without_digits(std::string text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = '0';
  }
  return text;
}
constexpr std::string_view kSomeTime = "0000-00-00T00:00:00.000+00:00 ";

// A folder for a log that begins.
struct Folder {
  Folder() { set_time_zone(kUtc); }
  ScratchFolder folder;
};

std::string read_log() {
  return read_file("server.log");
}

// The largest size that a file may reach, for as long as this lives: a disk that is full there.
class FullAt {
 public:
  explicit FullAt(std::size_t size) {
    prepare_standard_streams();
    ::getrlimit(RLIMIT_FSIZE, &original_);
    const rlimit limit{.rlim_cur = size, .rlim_max = original_.rlim_max};
    check("setrlimit", ::setrlimit(RLIMIT_FSIZE, &limit));
  }
  FullAt(const FullAt&) = delete;
  FullAt& operator=(const FullAt&) = delete;
  ~FullAt() { ::setrlimit(RLIMIT_FSIZE, &original_); }

 private:
  rlimit original_{};
};

// What a log says on the console while it writes these lines, with room for `room` bytes more.
std::string say_with_room_for(std::size_t room, const std::vector<std::string>& lines, Log& log) {
  const auto size = std::filesystem::file_size("server.log");
  return written_to(STDERR_FILENO, [&] {
    const FullAt full(size + room);
    for (const std::string& line : lines) log.write(line);
  });
}
constexpr std::string_view kTooLarge = "[server] error: write server.log: File too large\n";
constexpr std::string_view kNoSpace = "[server] error: write server.log: No space left on device\n";

}  // namespace

TEST_CASE("a timestamp is local time with its offset, and milliseconds") {
  const auto time = kDay + 10h + 2min + 11s + 123ms;
  CHECK(in_zone(kUtc, time) == "2026-11-22T10:02:11.123+00:00");
  CHECK(in_zone("MSK-3", time) == "2026-11-22T13:02:11.123+03:00");
  CHECK(in_zone("IST-5:30", time) == "2026-11-22T15:32:11.123+05:30");
  CHECK(in_zone("<+1245>-12:45", time) == "2026-11-22T22:47:11.123+12:45");
  CHECK(in_zone("NST3:30", time) == "2026-11-22T06:32:11.123-03:30");
  CHECK(in_zone("PST8", kDay + 1h) == "2026-11-21T17:00:00.000-08:00");
}

TEST_CASE("a timestamp has three digits of milliseconds, cut and not rounded") {
  CHECK(in_zone(kUtc, kDay + 0ms) == "2026-11-22T00:00:00.000+00:00");
  CHECK(in_zone(kUtc, kDay + 7ms) == "2026-11-22T00:00:00.007+00:00");
  CHECK(in_zone(kUtc, kDay + 80ms) == "2026-11-22T00:00:00.080+00:00");
  CHECK(in_zone(kUtc, kDay + 999'999us) == "2026-11-22T00:00:00.999+00:00");
  CHECK(in_zone(kUtc, std::chrono::sys_days{} - 1ms) == "1969-12-31T23:59:59.999+00:00");
}

TEST_CASE("a timestamp knows when the clocks are changed") {
  constexpr std::string_view kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  const std::chrono::sys_days spring = std::chrono::year(2026) / 3 / 29;
  CHECK(in_zone(kBerlin, spring + 1h - 1ms) == "2026-03-29T01:59:59.999+01:00");
  CHECK(in_zone(kBerlin, spring + 1h) == "2026-03-29T03:00:00.000+02:00");
  const std::chrono::sys_days autumn = std::chrono::year(2026) / 10 / 25;
  CHECK(in_zone(kBerlin, autumn + 1h - 1ms) == "2026-10-25T02:59:59.999+02:00");
  CHECK(in_zone(kBerlin, autumn + 1h) == "2026-10-25T02:00:00.000+01:00");
}

TEST_CASE_FIXTURE(Folder, "a log is made for all to read and its owner to write") {
  const mode_t mask = ::umask(0);
  Log log;
  CHECK_FALSE(log.is_open());
  log.open();
  ::umask(mask);
  CHECK(log.is_open());
  struct stat status {};
  REQUIRE(::stat("server.log", &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE_FIXTURE(Folder, "a log is not inherited by a program that the server starts") {
  const int next = Descriptor(::dup(STDIN_FILENO)).number();  // it is free again
  Log log;
  log.open();
  CHECK(::fcntl(next, F_GETFD) == FD_CLOEXEC);
}

TEST_CASE_FIXTURE(Folder, "a log is appended to, by two servers at once too") {
  write_file("server.log", "history\n");
  Log one;
  Log other;
  one.open();
  other.open();
  one.write("one\n");
  other.write("other\n");
  one.write("one again\n");
  CHECK(read_log() == "history\none\nother\none again\n");
}

TEST_CASE_FIXTURE(Folder, "a log may be a symbolic link") {
  std::filesystem::create_directory("elsewhere");
  std::filesystem::create_symlink("elsewhere/file", "server.log");
  Log log;
  log.open();
  log.write("line\n");
  CHECK(read_file("elsewhere/file") == "line\n");
  CHECK(std::filesystem::is_symlink("server.log"));
}

TEST_CASE_FIXTURE(Folder, "a log that cannot be opened is an error") {
  Log log;
  SUBCASE("a folder") {
    std::filesystem::create_directory("server.log");
    CHECK_THROWS_WITH(log.open(), "open server.log: Is a directory");
  }
  SUBCASE("a link to nowhere") {
    std::filesystem::create_symlink("nowhere/file", "server.log");
    CHECK_THROWS_WITH(log.open(), "open server.log: No such file or directory");
  }
  CHECK_FALSE(log.is_open());
}

TEST_CASE_FIXTURE(Folder, "say logs one line with its time, in one write, and nothing elsewhere") {
  open_log();
  const std::string before = timestamp(std::chrono::system_clock::now());
  unsigned long writes = count_writes();
  const std::string console = written_to(STDERR_FILENO, [&] {
    say("listen", "0.0.0.0:9090");
    writes = count_writes() - writes;
  });
  const std::string after = timestamp(std::chrono::system_clock::now());
  CHECK(writes == 1);
  CHECK(console == "");
  const std::string line = read_log();
  CHECK(without_digits(line) == std::string(kSomeTime) + "[server] listen: 0.0.0.0:0000\n");
  const std::string time = line.substr(0, line.find(' '));
  CHECK(before <= time);
  CHECK(time <= after);
}

TEST_CASE_FIXTURE(Folder, "nothing that a peer sends makes another line of the log") {
  open_log();
  say("receive", "x\n2026-11-22T13:02:11.123+03:00 [server] stop: \x1b[2J\r\0"s);
  CHECK(without_digits(read_log()) ==
        std::string(kSomeTime) +
            "[server] receive: x\\x0a0000-00-00T00:00:00.000+00:00 [server] stop: "
            "\\x0b[0J\\x0d\\x00\n");
}

TEST_CASE_FIXTURE(Folder, "fail tells the error on the console and in the log") {
  open_log();
  int status = 0;
  CHECK(written_to(STDERR_FILENO, [&] { status = fail("it is no use"); }) ==
        "[server] error: it is no use\n");
  CHECK(status == EXIT_FAILURE);
  CHECK(read_log().ends_with("+00:00 [server] error: it is no use\n"));
}

TEST_CASE_FIXTURE(Folder, "fail without a log tells the error on the console") {
  Child child([] {
    server_log = Log();
    ::_exit(fail("open server.log: Is a directory"));
  });
  CHECK(child.exit_status() == EXIT_FAILURE);
  CHECK(child.errors() == "[server] error: open server.log: Is a directory\n");
  CHECK_FALSE(std::filesystem::exists("server.log"));
}

TEST_CASE_FIXTURE(Folder, "a log on a full disk is told once") {
  std::filesystem::create_symlink("/dev/full", "server.log");
  open_log();
  CHECK(written_to(STDERR_FILENO, [] {
          say("start", "lab4_logfile");
          say("listen", "0.0.0.0:9090");
          say("connect", "127.0.0.1:50000");
        }) == kNoSpace);
}

TEST_CASE_FIXTURE(Folder, "a log with room again logs again, and the next outage is told again") {
  write_file("server.log", std::string(4096, '.') + "\n");
  Log log;
  log.open();
  CHECK(say_with_room_for(0, {"lost\n", "lost\n"}, log) == kTooLarge);
  CHECK(say_with_room_for(1000, {"one\n", "two\n"}, log) == "");
  CHECK(say_with_room_for(0, {"lost\n"}, log) == kTooLarge);
  CHECK(say_with_room_for(1000, {"three\n"}, log) == "");
  CHECK(read_log().substr(4097) == "one\ntwo\nthree\n");
}

TEST_CASE_FIXTURE(Folder, "a line that was torn by a full disk does not spoil the next one") {
  write_file("server.log", std::string(4096, '.') + "\n");
  Log log;
  log.open();
  SUBCASE("in the middle") {
    CHECK(say_with_room_for(2, {"torn\n", "lost\n"}, log) == kTooLarge);
    CHECK(say_with_room_for(1000, {"one\n", "two\n"}, log) == "");
    CHECK(read_log().substr(4097) == "to\none\ntwo\n");
  }
  SUBCASE("just before its end") {
    CHECK(say_with_room_for(4, {"torn\n"}, log) == kTooLarge);
    CHECK(say_with_room_for(1000, {"one\n", "two\n"}, log) == "");
    CHECK(read_log().substr(4097) == "torn\none\ntwo\n");
  }
  SUBCASE("twice in one outage") {
    CHECK(say_with_room_for(2, {"torn\n"}, log) == kTooLarge);
    CHECK(say_with_room_for(3, {"torn too\n"}, log) == "");  // it is the same outage
    CHECK(say_with_room_for(1000, {"one\n"}, log) == "");
    CHECK(read_log().substr(4097) == "to\nto\none\n");
  }
}

TEST_CASE_FIXTURE(Folder, "stop waits for the line that another thread is in the middle of") {
  Child child([] {
    cancel_alarms();
    open_log();
    std::unique_lock in_the_middle(speaking);
    const Worker stopper([] { stop("SIGTERM"); });
    stopper.wait_until_asleep_in(SYS_futex);
    write_to_log("receive", "1 bytes");
    in_the_middle.unlock();
    ::pause();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.errors() == "");
  const std::string time = std::string(kSomeTime);
  CHECK(without_digits(read_log()) ==
        time + "[server] receive: 0 bytes\n" + time + "[server] stop: SIGTERM\n");
}

TEST_CASE_FIXTURE(Folder, "stop is the last line of the log, whoever else would like to say more") {
  Child child([] {
    cancel_alarms();
    open_log();
    for (int i = 0; i < 3; ++i) {
      std::thread([] {
        while (true) say("receive", "1 bytes");
      }).detach();
    }
    for (int i = 0; i < 3; ++i) std::thread([] { stop("SIGTERM"); }).detach();
    while (true) ::pause();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.errors() == "");
  const std::string last = "[server] stop: SIGTERM\n";
  const std::string lines = read_log();
  CHECK(lines.ends_with(last));
  CHECK(lines.find(last) == lines.size() - last.size());
}

TEST_CASE_FIXTURE(Folder, "a server whose log hangs ends within about a second all the same") {
  REQUIRE(::mkfifo("server.log", 0600) == 0);
  const Descriptor nobody_reads(::open("server.log", O_RDWR | O_CLOEXEC));
  Child child([] {
    open_log();
    on_stop_signal(stop);
    write_output(as_bytes("ready"));
    while (true) say("receive", "1 bytes");  // until the pipe is full
  });
  wait_until([&] { return child.output() == "ready" && child.is_asleep(); });
  child.send_signal(SIGTERM);
  CHECK(child.exit_status() == EXIT_SUCCESS);
}
