// The messages that wait for an answer of the person at the console.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

struct WaitingMessage {
  std::uint64_t client;
  std::string text;
};

class WaitingMessages {
 public:
  void add(std::uint64_t client, std::string text) {
    Queue& queue = queues_[client];
    queue.bytes += size_of(text);
    queue.messages.push_back({next_number_++, std::move(text)});
  }

  // Takes the oldest message of those clients that `of` is true for, if there is one.
  template <typename Predicate>
  std::optional<WaitingMessage> take_oldest(Predicate of) {
    auto oldest = queues_.end();
    for (auto queue = queues_.begin(); queue != queues_.end(); ++queue) {
      if (!of(queue->first)) continue;
      if (oldest == queues_.end() || number_of(queue->second) < number_of(oldest->second)) {
        oldest = queue;
      }
    }
    if (oldest == queues_.end()) return std::nullopt;
    const std::uint64_t client = oldest->first;
    return WaitingMessage{client, take_from(oldest)};
  }
  std::optional<WaitingMessage> take_oldest() {
    return take_oldest([](std::uint64_t) { return true; });
  }

  // Takes the oldest message of this client, if there is one.
  std::optional<std::string> take_oldest_of(std::uint64_t client) {
    const auto queue = queues_.find(client);
    if (queue == queues_.end()) return std::nullopt;
    return take_from(queue);
  }

  // The client has gone, and waits for nothing any more.
  void forget(std::uint64_t client) { queues_.erase(client); }

  // About the memory that a client's messages take; 0 only if there are none.
  std::size_t bytes_of(std::uint64_t client) const {
    const auto queue = queues_.find(client);
    return queue == queues_.end() ? 0 : queue->second.bytes;
  }

 private:
  struct Numbered {
    std::uint64_t number;  // in the order in which they came
    std::string text;
  };
  struct Queue {
    std::deque<Numbered> messages;  // the oldest first
    std::size_t bytes = 0;
  };
  using Queues = std::map<std::uint64_t, Queue>;  // by client; none of them is empty

  // An empty message takes memory, too.
  static std::size_t size_of(const std::string& text) noexcept {
    return sizeof(Numbered) + text.size();
  }

  static std::uint64_t number_of(const Queue& queue) { return queue.messages.front().number; }

  std::string take_from(Queues::iterator queue) {
    std::string text = std::move(queue->second.messages.front().text);
    queue->second.messages.pop_front();
    queue->second.bytes -= size_of(text);
    if (queue->second.messages.empty()) queues_.erase(queue);
    return text;
  }

  Queues queues_;
  std::uint64_t next_number_ = 0;
};
