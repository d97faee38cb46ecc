// A second thread, which hashes passwords: a good part of a second each, in which the first one
// goes on talking. The two share a queue of jobs and one of results. That a result is there is
// told through a pipe, since poll() can wait for a descriptor, but for no queue.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "password.hpp"
#include "shared/socket.hpp"

class Hasher {
 public:
  struct Result {
    std::uint64_t client;               // as submitted
    std::optional<std::string> record;  // std::nullopt if hashing has failed
  };

  // Throws std::system_error.
  Hasher() {
    check("pipe", ::pipe(pipe_.data()));
    for (const int end : pipe_) check("fcntl", ::fcntl(end, F_SETFL, O_NONBLOCK));
    thread_ = std::thread([this] { work(); });
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    for (const int end : pipe_) ::close(end);
  }

  // poll() finds it readable when take_results() has something to give.
  int fd() const noexcept { return pipe_[0]; }

  // Whose password it is. They have their turns one after the other, so that no crowd of the one
  // kind, whether it registers or logs in, keeps the other waiting.
  enum class Whose { kUsers, kNewcomers };

  // `client` is a number that is never used again, not a descriptor: by the time the hash is
  // there, the descriptor may belong to somebody else.
  void submit(std::uint64_t client, Whose whose, HashJob job) {
    const std::lock_guard lock(mutex_);
    jobs_.emplace(whose, Job{client, std::move(job)});
    wake_.notify_one();
  }

  // The client has gone: what has not been begun for it need not be done.
  void forget(std::uint64_t client) {
    const std::lock_guard lock(mutex_);
    std::erase_if(jobs_, [client](const auto& job) { return job.second.client == client; });
  }

  std::vector<Result> take_results() {
    std::array<char, 64> bytes;
    while (::read(pipe_[0], bytes.data(), bytes.size()) > 0) {
    }
    const std::lock_guard lock(mutex_);
    return std::exchange(results_, {});
  }

 private:
  struct Job {
    std::uint64_t client;
    HashJob hash;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      const Job job = take_job();
      lock.unlock();
      Result result{job.client, hash(job.hash)};
      lock.lock();
      results_.push_back(std::move(result));
      // A full pipe is as good: it is readable already.
      [[maybe_unused]] const ssize_t written = ::write(pipe_[1], "", 1);
    }
  }

  Job take_job() {
    auto next = jobs_.lower_bound(turn_);
    if (next == jobs_.end()) next = jobs_.begin();
    turn_ = next->first == Whose::kUsers ? Whose::kNewcomers : Whose::kUsers;
    return std::move(jobs_.extract(next).mapped());
  }

  static std::optional<std::string> hash(const HashJob& job) {
    try {
      return run(job);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  std::array<int, 2> pipe_{};
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::multimap<Whose, Job> jobs_;  // of one kind in the order of submission
  Whose turn_ = Whose::kUsers;
  std::vector<Result> results_;
  bool stopping_ = false;
  std::thread thread_;
};
