// Lab 1's end: what is said until then, and the signals that bring it.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "child.hpp"
#include "descriptors.hpp"
#include "lab1_echo/say.hpp"
#include "lab1_echo/standard_streams.hpp"
#include "lab1_echo/stop_signals.hpp"
#include "waiting.hpp"

const std::string_view kProgram = "server";

namespace {

// What a server does between its start and its first client.
[[noreturn]] void wait_for_signals() {
  while (true) ::pause();
}

// Standard error becomes a pipe that is full, and that nobody reads.
void fill_standard_error(const Pipe& pipe) {
  ::fcntl(pipe.writing.number(), F_SETFL, O_NONBLOCK);
  const std::array<char, 1024> piece{};
  while (::write(pipe.writing.number(), piece.data(), piece.size()) > 0) {
  }
  ::fcntl(pipe.writing.number(), F_SETFL, 0);
  ::dup2(pipe.writing.number(), STDERR_FILENO);
}

}  // namespace

TEST_CASE("say tells one line on standard error, in one write") {
  unsigned long writes = count_writes();
  CHECK(written_to(STDERR_FILENO, [&] {
          say("connect", "127.0.0.1:50000");
          writes = count_writes() - writes;
        }) == "[server] connect: 127.0.0.1:50000\n");
  CHECK(writes == 1);
}

TEST_CASE("fail tells the error and is main's exit status") {
  int status = 0;
  CHECK(written_to(STDERR_FILENO, [&] {
          status = fail("bind to 0.0.0.0:80: Permission denied");
        }) == "[server] error: bind to 0.0.0.0:80: Permission denied\n");
  CHECK(status == EXIT_FAILURE);
}

TEST_CASE("stop tells why and ends the program in success, from any thread") {
  Child child([] {
    cancel_alarms();
    say("start", "lab1_echo");
    std::thread([] { stop("the client has left"); }).join();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.errors() == "[server] start: lab1_echo\n[server] stop: the client has left\n");
}

TEST_CASE("stop waits for the message that another thread is in the middle of") {
  Child child([] {
    cancel_alarms();
    std::unique_lock in_the_middle(speaking);
    const Worker stopper([] { stop("enough"); });
    stopper.wait_until_asleep_in(SYS_futex);
    tell("[server] receive: 1 bytes\n");
    in_the_middle.unlock();
    wait_for_signals();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.errors() == "[server] receive: 1 bytes\n[server] stop: enough\n");
}

TEST_CASE("nothing is said after stop, however many threads would like to") {
  Child child([] {
    cancel_alarms();
    for (int i = 0; i < 3; ++i) {
      std::thread([] {
        while (true) say("receive", "1 bytes");
      }).detach();
    }
    for (int i = 0; i < 3; ++i) std::thread([] { stop("enough"); }).detach();
    wait_for_signals();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  const std::string said = child.errors();
  const std::string last = "[server] stop: enough\n";
  CHECK(said.ends_with(last));
  CHECK(said.find(last) == said.size() - last.size());
}

TEST_CASE("SIGINT and SIGTERM end the server, with stop said") {
  for (const auto& [number, name] : {std::pair(SIGINT, "SIGINT"), std::pair(SIGTERM, "SIGTERM")}) {
    Child child([] {
      cancel_alarms();
      on_stop_signal(stop);
      write_output(as_bytes("ready"));
      wait_for_signals();
    });
    wait_until([&] { return child.output() == "ready"; });
    child.send_signal(number);
    CHECK(child.exit_status() == EXIT_SUCCESS);
    CHECK(child.errors() == "[server] stop: " + std::string(name) + "\n");
  }
}

TEST_CASE("a stop signal is not lost, however early") {
  bool before = false;
  bool ignored = false;
  SUBCASE("right after the thread was started that waits for it") {}
  SUBCASE("before it was started") {
    before = true;
  }
  SUBCASE("and though it is ignored, as it is for what a shell starts in the background") {
    ignored = true;
  }
  Child child([&] {
    cancel_alarms();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    if (before) {
      pthread_sigmask(SIG_BLOCK, &signals, nullptr);
      ::kill(::getpid(), SIGINT);
    }
    if (ignored) static_cast<void>(::signal(SIGINT, SIG_IGN));
    on_stop_signal(stop);
    if (!before) ::kill(::getpid(), SIGINT);
    wait_for_signals();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.errors() == "[server] stop: SIGINT\n");
}

TEST_CASE("further stop signals change nothing") {
  Child child([] {
    cancel_alarms();
    on_stop_signal(stop);
    for (int i = 0; i < 100; ++i) {
      ::kill(::getpid(), SIGINT);
      ::kill(::getpid(), SIGTERM);
    }
    wait_for_signals();
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  const std::string said = child.errors();
  CHECK((said == "[server] stop: SIGINT\n" || said == "[server] stop: SIGTERM\n"));
}

TEST_CASE("a server whose messages nobody reads ends within about a second all the same") {
  const Pipe pipe = make_pipe();
  bool says_something = false;
  bool deaf = false;
  SUBCASE("with nothing to say but stop") {}
  SUBCASE("in the middle of a message") {
    says_something = true;
  }
  SUBCASE("though whoever started it had SIGALRM ignored and blocked") {
    deaf = true;
  }
  Child child([&] {
    if (deaf) {
      static_cast<void>(::signal(SIGALRM, SIG_IGN));
      sigset_t signals;
      sigemptyset(&signals);
      sigaddset(&signals, SIGALRM);
      pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    }
    on_stop_signal(stop);
    fill_standard_error(pipe);
    write_output(as_bytes("ready"));
    if (says_something) say("receive", "1 bytes");
    wait_for_signals();
  });
  wait_until([&] { return child.output() == "ready" && child.is_asleep(); });
  child.send_signal(SIGTERM);
  CHECK(child.exit_status() == EXIT_SUCCESS);
}
