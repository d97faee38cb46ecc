// The members of the chat: what is kept of each, found by address or by nick.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clock.hpp"
#include "endpoint.hpp"
#include "reliable.hpp"

// What is said to everybody: one for all who hear it, for as long as one of them has to.
//
//   verb "MSG", rest " anna\nGood evening!"       sent as "MSG 17 anna\nGood evening!"
struct Line {
  std::string_view verb;
  std::string rest;  // of the datagram, after the number, which each member counts for himself
};

struct Member {
  Endpoint endpoint;
  std::string nick;
  std::string token;         // what this member's datagrams have to bear
  std::string cookie;        // that it joined with,
  std::int64_t cookie_slot;  // and when that was made

  Time heard;              // when a datagram of its came last
  Time deadline = kNever;  // see Deadlines
  Sender<std::shared_ptr<const Line>> to_say = {};
  Receiver<std::string> said = {};
};

inline std::string to_string(const Member& member) {
  return to_string(member.endpoint) + " (" + member.nick + ")";
}

class Members {
 public:
  using ByNick = std::map<std::string, Member, std::less<>>;

  Member* at(const Endpoint& endpoint) {
    const auto found = by_endpoint_.find(endpoint);
    return found == by_endpoint_.end() ? nullptr : found->second;
  }

  bool has(std::string_view nick) const { return by_nick_.find(nick) != by_nick_.end(); }

  // `member` has a nick and an endpoint that no other has.
  Member& add(Member&& member) {
    std::string nick = member.nick;
    Member& added = by_nick_.try_emplace(std::move(nick), std::move(member)).first->second;
    by_endpoint_.emplace(added.endpoint, &added);
    return added;
  }

  void remove(const Member& member) {
    by_endpoint_.erase(member.endpoint);
    by_nick_.erase(by_nick_.find(member.nick));
  }

  std::size_t size() const noexcept { return by_nick_.size(); }
  ByNick::iterator begin() noexcept { return by_nick_.begin(); }
  ByNick::iterator end() noexcept { return by_nick_.end(); }

 private:
  ByNick by_nick_;  // a map's elements stay where they are
  std::unordered_map<Endpoint, Member*> by_endpoint_;
};
