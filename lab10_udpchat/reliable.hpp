// What TCP did for the other labs, made of datagrams that may be lost, doubled or overtaken: each
// message arrives, once, and in order.
//
//   Sender     numbers the messages from 1, and sends each again until it is acknowledged
//   Receiver   drops what came twice, and holds what came early until its turn
//
// There is no socket in here and no clock: the time is passed in, and what is to be sent is passed
// out. One pair of these is one direction; server and client each have a half of both.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "clock.hpp"

constexpr std::size_t kMaxInFlight = 8;  // sent and not acknowledged
constexpr std::uint64_t kMaxAhead = 64;  // beyond the first that is still missing
constexpr std::size_t kMaxUnacknowledged = 1000;
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{2000};
constexpr std::chrono::seconds kPatience{30};

template <typename Message>
class Sender {
 public:
  // To be sent as soon as there is room for it. Once overfull() nothing more is taken.
  void push(Message message) {
    if (overfull()) return;
    entries_.push_back({.message = std::move(message)});
    ++unacknowledged_;
  }

  // Calls send(number, message) for each message whose time has come: the next ones, as far as
  // there is room, and those that were sent and not acknowledged for as long as their pause.
  template <typename Send>
  void send_due(Time now, Send send) {
    for (std::size_t i = 0; i < sent_; ++i) {
      if (!entries_[i].acknowledged && entries_[i].due <= now) transmit(i, now, send);
    }
    while (may_send_next()) {
      if (in_flight() == 0) progress_ = now;
      transmit(sent_++, now, send);
    }
  }

  // When send_due() has something to send; kNever if all is acknowledged.
  Time next_due(Time now) const {
    if (may_send_next()) return now;
    Time next = kNever;
    for (std::size_t i = 0; i < sent_; ++i) {
      if (!entries_[i].acknowledged) next = std::min(next, entries_[i].due);
    }
    return next;
  }

  // True if this was news. What was never sent cannot be acknowledged.
  bool acknowledge(std::uint64_t number, Time now) {
    if (number < first_ || number - first_ >= sent_) return false;
    Entry& entry = entries_[number - first_];
    if (entry.acknowledged) return false;
    entry.acknowledged = true;
    --unacknowledged_;
    progress_ = now;
    while (!entries_.empty() && entries_.front().acknowledged) {
      entries_.pop_front();
      ++first_;
      --sent_;
    }
    return true;
  }

  // The other side begins anew: numbers begin at 1 again, and what it did not acknowledge is sent
  // again, as if it had never been sent.
  void restart() {
    std::erase_if(entries_, [](const Entry& entry) { return entry.acknowledged; });
    for (Entry& entry : entries_) entry.pause = kFirstPause;
    first_ = 1;
    sent_ = 0;
  }

  std::size_t unacknowledged() const noexcept { return unacknowledged_; }
  bool overfull() const noexcept { return unacknowledged_ >= kMaxUnacknowledged; }

  // Much is waiting for somebody who does take it, though slowly: whoever brings more should wait.
  // For one who takes nothing at all nobody should.
  bool lags(Time now) const noexcept {
    const bool is_taking = in_flight() == 0 || now - progress_ < kLongestPause;
    return is_taking && unacknowledged_ >= kMaxUnacknowledged / 2;
  }

  // Nothing was acknowledged for so long that nobody can be there. It is not counted for each
  // message by itself: where a third of all is lost each way, one message in a hundred thousand
  // needs more tries than 30 seconds have room for, while its neighbours arrive.
  bool given_up(Time now) const noexcept { return now >= gives_up_at(); }
  Time gives_up_at() const noexcept { return in_flight() > 0 ? progress_ + kPatience : kNever; }

 private:
  struct Entry {
    Message message;
    std::chrono::milliseconds pause = kFirstPause;  // that follows the next transmission
    Time due = kNever;                              // when it is sent again
    bool acknowledged = false;                      // but one before it is not
  };

  std::size_t in_flight() const noexcept { return unacknowledged_ - (entries_.size() - sent_); }

  bool may_send_next() const noexcept {
    return sent_ < entries_.size() && in_flight() < kMaxInFlight && sent_ <= kMaxAhead;
  }

  // Each pause is double the one before it: if the network is full, more of the same would keep
  // it full.
  template <typename Send>
  void transmit(std::size_t index, Time now, Send& send) {
    Entry& entry = entries_[index];
    send(first_ + index, std::as_const(entry.message));
    entry.due = now + entry.pause;
    entry.pause = std::min(2 * entry.pause, kLongestPause);
  }

  std::deque<Entry> entries_;       // from the first that is not acknowledged
  std::uint64_t first_ = 1;         // its number
  std::size_t sent_ = 0;            // so many of entries_ were sent once or more
  std::size_t unacknowledged_ = 0;  // of all entries_
  Time progress_{};                 // the last acknowledgement, or the first to wait for one
};

template <typename Message>
class Receiver {
 public:
  // Takes in message `number` (from 1), unless it has been here before. False if it is too far
  // ahead to be kept, and so must not be acknowledged; all else must be, also what came twice: it
  // came again because its acknowledgement was lost.
  bool accept(std::uint64_t number, Message message) {
    if (number > awaited_ + kMaxAhead) return false;
    if (number >= awaited_) early_.try_emplace(number, std::move(message));
    return true;
  }

  // True if message `number` has not been here before.
  bool is_new(std::uint64_t number) const { return number >= awaited_ && !early_.contains(number); }

  // The next message in order, or std::nullopt if it has not come yet.
  std::optional<Message> next() {
    if (early_.empty() || early_.begin()->first != awaited_) return std::nullopt;
    ++awaited_;
    return std::move(early_.extract(early_.begin()).mapped());
  }

  // The other side begins anew, at number 1.
  void restart() {
    early_.clear();
    awaited_ = 1;
  }

 private:
  std::uint64_t awaited_ = 1;
  std::map<std::uint64_t, Message> early_;  // at most kMaxAhead + 1
};
