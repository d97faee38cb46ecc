// What the person at the console is shown and told. A pipe that nobody reads, or a terminal that
// was stopped with Ctrl-S, makes write() wait, and poll() does not say how much can be written
// without waiting. So a thread of its own writes, and nobody else waits for it.

#pragma once

#include <unistd.h>

#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "log.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"

class ConsoleOutput {
 public:
  // What waits to be written is bounded, in bytes: of what comes while there is more, it is told
  // how many lines it was, and nothing else. Sixteen of the longest messages are less than that,
  // unless they are full of what a terminal is shown as four characters: \x1b.
  static constexpr std::size_t kMaxWaiting = 17 * 1'048'576;
  // With more than so many bytes it does not wait for write_out().
  static constexpr std::size_t kMuch = 65'536;

  // Throws std::system_error.
  ConsoleOutput() {
    // Detached, since it may wait for ever, and the end of the program must not wait for it.
    std::thread([queue = queue_] { write_all(*queue); }).detach();
  }

  // A line for standard output, without its newline. That it cannot be written ends the program,
  // with an error.
  void show(std::string_view line) {
    add(STDOUT_FILENO, (is_terminal_ ? printable(line) : std::string(line)) + "\n");
  }

  // A line for standard error, with its newline.
  void tell(std::string line) { add(STDERR_FILENO, std::move(line)); }

  // Wakes the thread up, if it sleeps; until then lines may wait. To be called once for many of
  // them: to wake a thread costs more than all the rest that is done for a line.
  void write_out() { queue_->filled.notify_one(); }

 private:
  struct Text {
    int descriptor;
    std::string bytes;
  };
  struct Queue {
    std::mutex mutex;  // guards what follows
    std::condition_variable filled;
    std::deque<Text> texts;
    std::size_t size = 0;    // bytes that are not written yet
    std::size_t hidden = 0;  // lines that came when there was no room
  };

  void add(int descriptor, std::string bytes) {
    const std::lock_guard lock(queue_->mutex);
    if (queue_->size > kMaxWaiting) {
      ++queue_->hidden;
      return;
    }
    tell_of_hidden(*queue_);
    push(*queue_, descriptor, std::move(bytes));
    if (queue_->size > kMuch) write_out();
  }

  // The thread. It is given a share of the queue, which may outlive the ConsoleOutput.
  [[noreturn]] static void write_all(Queue& queue) {
    std::unique_lock lock(queue.mutex);
    while (true) {
      queue.filled.wait(lock, [&queue] { return !queue.texts.empty(); });
      const Text text = std::move(queue.texts.front());
      queue.texts.pop_front();
      lock.unlock();
      write(text);
      lock.lock();
      queue.size -= text.bytes.size();
      if (queue.texts.empty()) tell_of_hidden(queue);
    }
  }

  static void write(const Text& text) {
    if (text.descriptor == STDERR_FILENO) return ::tell(text.bytes);
    try {
      write_output(as_bytes(text.bytes));
    } catch (const std::exception& error) {
      std::_Exit(fail(error.what()));  // as stop() ends it, from a thread that is not main's
    }
  }

  static void tell_of_hidden(Queue& queue) {
    if (queue.hidden == 0) return;
    const std::string count = std::to_string(std::exchange(queue.hidden, 0));
    push(queue, STDERR_FILENO, count + " lines were not shown: the console was not read.\n");
  }

  // Lines that follow each other leave in one write(), if the one before has not been begun.
  static void push(Queue& queue, int descriptor, std::string bytes) {
    queue.size += bytes.size();
    if (!queue.texts.empty() && queue.texts.back().descriptor == descriptor) {
      queue.texts.back().bytes += bytes;
    } else {
      queue.texts.push_back({descriptor, std::move(bytes)});
    }
  }

  const bool is_terminal_ = ::isatty(STDOUT_FILENO) == 1;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};
