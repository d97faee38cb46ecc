// The messages that wait for an answer of the person at the console, the oldest first.

#pragma once

#include <algorithm>
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
    bytes_[client] += size_of(text);
    messages_.push_back({client, std::move(text)});
  }

  // Takes the oldest message of those clients that `of` is true for, if there is one.
  template <typename Predicate>
  std::optional<WaitingMessage> take_oldest(Predicate of) {
    const auto found = std::ranges::find_if(messages_, of, &WaitingMessage::client);
    if (found == messages_.end()) return std::nullopt;
    WaitingMessage message = std::move(*found);
    messages_.erase(found);
    bytes_[message.client] -= size_of(message.text);
    return message;
  }
  std::optional<WaitingMessage> take_oldest() {
    return take_oldest([](std::uint64_t) { return true; });
  }

  // The client has gone, and waits for nothing any more.
  void forget(std::uint64_t client) {
    if (bytes_.erase(client) == 0) return;
    std::erase_if(messages_, [client](const auto& message) { return message.client == client; });
  }

  // About the memory that a client's messages take.
  std::size_t bytes_of(std::uint64_t client) const {
    const auto entry = bytes_.find(client);
    return entry == bytes_.end() ? 0 : entry->second;
  }

 private:
  // An empty message takes memory, too.
  static std::size_t size_of(const std::string& text) noexcept {
    return sizeof(WaitingMessage) + text.size();
  }

  std::deque<WaitingMessage> messages_;
  std::map<std::uint64_t, std::size_t> bytes_;
};
