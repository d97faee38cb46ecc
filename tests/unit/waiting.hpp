// Waiting for what another thread or process does. Nothing here sleeps for a time and hopes.

#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

template <typename Condition>
void wait_until(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("waited in vain");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// A handler for a signal, for as long as this lives. It counts, and is installed without
// SA_RESTART, so that a system call that is interrupted ends with EINTR.
class CountedSignal {
 public:
  explicit CountedSignal(int number) : number_(number) {
    seen = 0;
    struct sigaction action {};
    action.sa_handler = [](int) {
      ++seen;
    };
    ::sigaction(number, &action, &original_);
  }
  CountedSignal(const CountedSignal&) = delete;
  CountedSignal& operator=(const CountedSignal&) = delete;
  ~CountedSignal() { ::sigaction(number_, &original_, nullptr); }

  static int count() { return seen; }

 private:
  int number_;
  struct sigaction original_ {};
  static inline std::atomic<int> seen = 0;
};

// A thread that does some work, and can be met in the middle of a system call.
class Worker {
 public:
  explicit Worker(std::function<void()> work)
      : task_([this, work = std::move(work)] {
          id_ = static_cast<pid_t>(::syscall(SYS_gettid));
          work();
        }),
        done_(task_.get_future()),
        thread_([this] { task_(); }) {}

  // Until the thread is in this call, and asleep: for one that runs, the file says "running".
  void wait_until_asleep_in(long call) const {
    wait_until([this, call] {
      if (is_done()) {
        throw std::runtime_error("the work was done without waiting");
      }
      std::ifstream file("/proc/self/task/" + std::to_string(id_) + "/syscall");
      long number = 0;
      return file >> number && number == call;
    });
  }

  // Ends the call that the thread sleeps in with SIGUSR1.
  void interrupt(long call) {
    wait_until_asleep_in(call);
    const int before = CountedSignal::count();
    ::pthread_kill(thread_.native_handle(), SIGUSR1);
    wait_until([before] { return CountedSignal::count() > before; });
  }

  bool is_done() const {
    return done_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  // Waits for the end, and throws what the work has thrown.
  void finish() { done_.get(); }

 private:
  std::atomic<pid_t> id_ = 0;
  std::packaged_task<void()> task_;
  std::future<void> done_;
  std::jthread thread_;
};
