// Room: the chat as the server sees it. It takes datagrams and says which are to be sent; it has no
// socket and no clock.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "clock.hpp"
#include "cookies.hpp"
#include "datagram.hpp"
#include "deadlines.hpp"
#include "endpoint.hpp"
#include "members.hpp"
#include "seldom.hpp"

constexpr std::size_t kMaxMembers = 4096;
constexpr std::chrono::seconds kMaxSilence{30};

class Room {
 public:
  using Send = std::function<void(const Endpoint& to, std::string_view datagram)>;
  using Say = std::function<void(std::string_view event, std::string_view explanation)>;

  // `key` is for the cookies. `say` is told what the log is to have.
  Room(const SipKey& key, Send send, Say say)
      : cookies_(key), send_(std::move(send)), say_(std::move(say)) {}

  void receive(const Endpoint& from, std::string_view bytes, Time now) {
    const auto datagram = parse_datagram(bytes);
    if (!datagram) return drop(from, "it is malformed", now);
    if (datagram->verb == "JOIN") return receive_join(from, *datagram, now);
    const std::string_view token = datagram->arguments.substr(0, datagram->arguments.find(' '));
    Member* const member = members_.at(from);
    if (member == nullptr || !equal_secrets(token, member->token)) {
      return drop(from, "no member's token, at this address", now);
    }
    member->heard = now;
    if (!receive_from(*member, *datagram, now)) drop(from, "it is malformed", now);
  }

  // Does what is due, for a bounded number of members: the caller reads its socket in between, so
  // that the answers of the first do not overflow it while the last are still being told.
  void tick(Time now) {
    constexpr int kBurst = 16;
    for (int i = 0; i < kBurst; ++i) {
      Member* const member = deadlines_.due(now);
      if (member == nullptr) return;
      attend_to(*member, now);
    }
  }

  // When tick() has something to do.
  Time next_due() const noexcept { return deadlines_.earliest(); }

 private:
  // ---- Joining ----

  void receive_join(const Endpoint& from, const Datagram& datagram, Time now) {
    if (datagram.text) return drop(from, "it is malformed", now);
    const auto nick_and_cookie = words<2>(datagram.arguments);
    if (nick_and_cookie) return join(from, (*nick_and_cookie)[0], (*nick_and_cookie)[1], now);
    if (!words<1>(datagram.arguments)) return drop(from, "it is malformed", now);
    send_cookie(from, now);
  }

  void join(const Endpoint& from, std::string_view nick, std::string_view cookie, Time now) {
    Member* const member = members_.at(from);
    const bool same_nick = member != nullptr && member->nick == nick;
    if (same_nick && equal_secrets(cookie, member->cookie)) return welcome(*member, now);

    const auto slot = cookies_.slot_made(cookie, from, now);
    if (!slot) return send_cookie(from, now);
    if (same_nick) return join_again(*member, cookie, *slot, now);
    if (member != nullptr) return refuse(from, "you are here under another nick");
    if (!is_nick(nick)) return refuse(from, "a nick is 1 to 32 characters, no spaces, no controls");
    if (members_.has(nick)) return refuse(from, "somebody has that nick");
    if (members_.size() >= kMaxMembers) return refuse(from, "the chat is full");
    if (anybody_lags(now)) return send_cookie(from, now);  // he comes again, as a SAY would
    admit(from, nick, cookie, *slot, now);
  }

  // All that is sent to an address before it has proven itself, and hardly more than what it
  // answers: whoever forges addresses gains nothing by it.
  void send_cookie(const Endpoint& to, Time now) { send_(to, "COOKIE " + cookies_.make(to, now)); }

  void refuse(const Endpoint& to, std::string_view why) {
    send_(to, std::string("ERROR ").append(why));
  }

  void admit(const Endpoint& from, std::string_view nick, std::string_view cookie,
             std::int64_t slot, Time now) {
    Member& member = members_.add({.endpoint = from,
                                   .nick = std::string(nick),
                                   .token = make_token(),
                                   .cookie = std::string(cookie),
                                   .cookie_slot = slot,
                                   .heard = now});
    say_("connect", to_string(member));
    welcome(member, now);
    tell_others(member, "NOTE", "\n" + member.nick + " has joined", now);
  }

  void welcome(Member& member, Time now) {
    member.heard = now;
    deadlines_.set_by(member, now + kMaxSilence);
    send_(member.endpoint, "WELCOME " + member.token);
  }

  // The same member with another cookie. If it is about as old as the first it was asked for at the
  // same time: two of the client's datagrams have overtaken each other, and the newer is the one
  // that the client has. A much newer one means that the client has lost us, and begins anew.
  void join_again(Member& member, std::string_view cookie, std::int64_t slot, Time now) {
    constexpr std::int64_t kSlotsOfOneJoining = 2;
    if (slot > member.cookie_slot + kSlotsOfOneJoining) {
      member.token = make_token();
      member.to_say.restart();
      member.said.restart();
      deadlines_.set_by(member, now);
    }
    if (slot >= member.cookie_slot) {
      member.cookie = cookie;
      member.cookie_slot = slot;
    }
    welcome(member, now);
  }

  // ---- Members ----

  // False if it is malformed.
  bool receive_from(Member& member, const Datagram& datagram, Time now) {
    if (datagram.verb == "SAY") return receive_say(member, datagram, now);
    if (datagram.text) return false;
    if (datagram.verb == "ACK") return receive_ack(member, datagram, now);
    if (!words<1>(datagram.arguments)) return false;
    if (datagram.verb == "PING") {
      send_(member.endpoint, "PONG");
    } else if (datagram.verb == "WHO") {
      send_(member.endpoint, list_of_members());
    } else if (datagram.verb == "LEAVE") {
      send_(member.endpoint, "BYE");
      remove(member, "left", "has left", now);
    } else {
      return false;
    }
    return true;
  }

  bool receive_say(Member& member, const Datagram& datagram, Time now) {
    const auto arguments = words<2>(datagram.arguments);
    const auto number = arguments ? parse_number((*arguments)[1]) : std::nullopt;
    if (!number || !datagram.text) return false;
    if (member.said.is_new(*number) && anybody_lags(now)) return true;
    if (!member.said.accept(*number, std::string(*datagram.text))) return true;
    send_(member.endpoint, "ACK " + std::to_string(*number));
    while (const auto text = member.said.next()) {
      tell_others(member, "MSG", " " + member.nick + "\n" + *text, now);
    }
    return true;
  }

  // Who says a thousand lines at once, or comes and goes as often, is slowed down to the pace of
  // those who hear of it. A SAY that is neither taken in nor acknowledged comes again.
  bool anybody_lags(Time now) {
    return std::ranges::any_of(members_,
                               [now](const auto& entry) { return entry.second.to_say.lags(now); });
  }

  bool receive_ack(Member& member, const Datagram& datagram, Time now) {
    const auto arguments = words<2>(datagram.arguments);
    const auto number = arguments ? parse_number((*arguments)[1]) : std::nullopt;
    if (!number) return false;
    if (member.to_say.acknowledge(*number, now)) {
      deadlines_.set_by(member, member.to_say.next_due(now));
    }
    return true;
  }

  std::string list_of_members() {
    constexpr std::string_view kMore = " ...";
    std::string list = "MEMBERS";
    for (const auto& [nick, member] : members_) {
      if (list.size() + 1 + nick.size() + kMore.size() > kMaxDatagram) return list.append(kMore);
      list.append(" ").append(nick);
    }
    return list;
  }

  void tell_others(const Member& speaker, std::string_view verb, std::string rest, Time now) {
    const auto line = std::make_shared<const Line>(Line{verb, std::move(rest)});
    for (auto& [nick, member] : members_) {
      if (&member == &speaker) continue;
      member.to_say.push(line);
      deadlines_.set_by(member, member.to_say.overfull() ? now : member.to_say.next_due(now));
    }
  }

  // ---- Time ----

  void attend_to(Member& member, Time now) {
    if (member.to_say.overfull()) return remove(member, "did not keep up", "is lost", now);
    if (member.to_say.given_up(now))
      return remove(member, "acknowledged nothing for 30 s", "is lost", now);
    if (now - member.heard >= kMaxSilence)
      return remove(member, "was silent for 30 s", "is lost", now);
    member.to_say.send_due(now, [&](std::uint64_t number, const auto& line) {
      std::string datagram(line->verb);
      datagram.append(" ").append(std::to_string(number)).append(line->rest);
      send_(member.endpoint, datagram);
    });
    deadlines_.set(member, std::min({member.to_say.next_due(now), member.to_say.gives_up_at(),
                                     member.heard + kMaxSilence}));
  }

  void remove(Member& member, std::string_view why, std::string_view note, Time now) {
    say_("disconnect", to_string(member) + " " + std::string(why));
    tell_others(member, "NOTE", "\n" + member.nick + " " + std::string(note), now);
    deadlines_.remove(member);
    members_.remove(member);
  }

  // Anybody can send anything, and fast: the log is not to grow with it.
  void drop(const Endpoint& from, std::string_view why, Time now) {
    if (const auto count = dropped_.count(now)) {
      say_("error", std::to_string(*count) + " datagrams dropped, the last from " +
                        to_string(from) + ": " + std::string(why));
    }
  }

  Cookies cookies_;
  Send send_;
  Say say_;
  Members members_;
  Deadlines<Member> deadlines_;
  Seldom dropped_;
};
