// Session: the chat as a client sees it, from the first JOIN to the last LEAVE. It takes datagrams
// and what the user wants to say, and says which datagrams are to be sent and what has happened; it
// has no socket and no clock.
//
//   joining --WELCOME--> in --leave(), all acknowledged--> leaving --BYE--> over
//      ^                  |
//      +---15 s silence---+

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "clock.hpp"
#include "datagram.hpp"
#include "reliable.hpp"
#include "repeat.hpp"

struct Event {
  enum class Kind {
    kJoined,   // the server has welcomed us
    kRefused,  // it has not, and said why
    kLost,     // it is silent; the session joins again by itself
    kLine,     // "nick: text"
    kNote,     // a text
    kMembers,  // nicks
    kLeft,     // the session is over, as it was meant to be
    kFailed,   // it is over, and why
  };
  Kind kind;
  std::string text = {};
};

class Session {
 public:
  using Send = std::function<void(std::string_view datagram)>;

  // Sends datagrams to the server from now on. `nick` is one: see is_nick().
  Session(std::string nick, Send send, Time now)
      : nick_(std::move(nick)), send_(std::move(send)), heard_(now) {
    join_.start(now);
  }

  // After kRefused, as long as there was no kJoined: another one.
  void rename(std::string nick, Time now) {
    nick_ = std::move(nick);
    cookie_.clear();
    heard_ = now;
    join_.start(now);
  }

  // What the user wants.
  void say(std::string text) { sender_.push(std::move(text)); }
  void who(Time now) { who_.start(now); }
  void leave(Time now) {
    wants_to_leave_ = true;
    leave_by_ = now + kPatience;
  }

  // True while what is said can be kept until it is acknowledged.
  bool has_room() const noexcept { return sender_.unacknowledged() < kMaxUnacknowledged / 2; }

  // Takes a datagram from the server. False if the server cannot have sent that.
  bool receive(std::string_view bytes, Time now) {
    const auto datagram = parse_datagram(bytes);
    if (!datagram || !take(*datagram, now)) return false;
    heard_ = now;
    return true;
  }

  // Sends what is due, and finds out what did not come in time.
  void tick(Time now) {
    if (state_ == State::kIn) tick_in(now);
    if (state_ == State::kJoining) tick_joining(now);
    const bool stays = state_ == State::kIn || state_ == State::kJoining;
    if (wants_to_leave_ && stays) tick_before_leaving(now);
    if (state_ == State::kLeaving) tick_leaving(now);
  }

  // When tick() has something to do.
  Time next_due(Time now) const {
    switch (state_) {
      case State::kJoining:
        return std::min({join_.due(), was_in_ ? kNever : heard_ + kMaxWait, leave_by_});
      case State::kIn:
        return std::min({sender_.next_due(now), ping_.due(), who_.due(), heard_ + kMaxServerSilence,
                         leave_by_});
      case State::kLeaving:
        return leave_.due();
      case State::kOver:
        break;
    }
    return kNever;
  }

  std::optional<Event> next_event() {
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  bool is_over() const noexcept { return state_ == State::kOver; }
  const std::string& nick() const noexcept { return nick_; }

 private:
  enum class State { kJoining, kIn, kLeaving, kOver };

  static constexpr std::chrono::seconds kMaxWait{10};           // for an answer to the first JOIN
  static constexpr std::chrono::seconds kMaxServerSilence{15};  // three PINGs without a PONG

  // ---- What comes ----

  bool take(const Datagram& datagram, Time now) {
    if (datagram.verb == "MSG" || datagram.verb == "NOTE") return take_numbered(datagram);
    if (datagram.text) return false;
    if (datagram.verb == "ACK") return take_ack(datagram, now);
    if (datagram.verb == "COOKIE") return take_cookie(datagram, now);
    if (datagram.verb == "WELCOME") return take_welcome(datagram, now);
    if (datagram.verb == "ERROR") {
      if (state_ == State::kJoining) be_refused(datagram.arguments);
    } else if (datagram.verb == "MEMBERS") {
      if (who_.stop()) tell(Event::Kind::kMembers, datagram.arguments);
    } else if (datagram.verb == "BYE") {
      if (state_ == State::kLeaving) end(Event::Kind::kLeft, "");
    } else {
      return datagram.verb == "PONG";
    }
    return true;
  }

  // A cookie that is new to us: our JOIN was without one, or its cookie has grown too old.
  bool take_cookie(const Datagram& datagram, Time now) {
    const auto cookie = words<1>(datagram.arguments);
    if (!cookie) return false;
    if (state_ == State::kJoining && (*cookie)[0] != cookie_) {
      cookie_ = (*cookie)[0];
      join_.start(now);
    }
    return true;
  }

  // The same token again means that the server still knows us: it has sent us the same WELCOME, or
  // was out of reach for a while, and all goes on where it was. Another token is another session:
  // numbers begin at 1, and what was not acknowledged is said again.
  bool take_welcome(const Datagram& datagram, Time now) {
    constexpr std::size_t kMaxToken = 64;  // longer, and a SAY would not fit into a datagram
    const auto token = words<1>(datagram.arguments);
    if (!token || (*token)[0].size() > kMaxToken) return false;
    if (state_ != State::kJoining) return true;
    if ((*token)[0] != token_) {
      token_ = (*token)[0];
      sender_.restart();
      receiver_.restart();
    }
    state_ = State::kIn;
    was_in_ = true;
    join_.stop();
    ping_.start(now);
    tell(Event::Kind::kJoined, "");
    return true;
  }

  // At the beginning another nick will help. Later it is our own nick that is refused us, as long
  // as the server takes us for somebody else than whom we were: until that one is silent for 30 s.
  void be_refused(std::string_view why) {
    if (cookie_.empty()) return;  // a late answer to what rename() has changed
    const bool is_news = was_in_ ? !std::exchange(was_refused_, true) : join_.stop();
    if (is_news) tell(Event::Kind::kRefused, why);
  }

  bool take_numbered(const Datagram& datagram) {
    const std::string_view arguments = datagram.arguments;
    const std::size_t space = std::min(arguments.find(' '), arguments.size());
    const auto number = parse_number(arguments.substr(0, space));
    const bool is_note = datagram.verb == "NOTE";
    const std::string_view speaker = arguments.substr(std::min(space + 1, arguments.size()));
    if (!number || !datagram.text || (is_note ? space != arguments.size() : !is_nick(speaker))) {
      return false;
    }
    // A number counts within a session: before the WELCOME there is none.
    if (state_ != State::kIn && state_ != State::kLeaving) return true;
    const Event event = is_note ? Event{Event::Kind::kNote, std::string(*datagram.text)}
                                : Event{Event::Kind::kLine,
                                        std::string(speaker).append(": ").append(*datagram.text)};
    if (!receiver_.accept(*number, event)) return true;
    send_("ACK " + token_ + " " + std::to_string(*number));
    while (auto next = receiver_.next()) events_.push_back(std::move(*next));
    return true;
  }

  bool take_ack(const Datagram& datagram, Time now) {
    const auto number = parse_number(datagram.arguments);
    if (number && sender_.acknowledge(*number, now) && wants_to_leave_) leave_by_ = now + kPatience;
    return number.has_value();
  }

  // ---- What is due ----

  void tick_joining(Time now) {
    if (!was_in_ && now - heard_ >= kMaxWait) {
      return end(Event::Kind::kFailed, "no answer within 10 s");
    }
    if (join_.is_due(now))
      send_(cookie_.empty() ? "JOIN " + nick_ : "JOIN " + nick_ + " " + cookie_);
  }

  void tick_in(Time now) {
    if (now - heard_ >= kMaxServerSilence) {
      state_ = State::kJoining;
      was_refused_ = false;
      join_.start(now);
      return tell(Event::Kind::kLost, "");
    }
    if (ping_.is_due(now)) send_("PING " + token_);
    if (who_.is_due(now)) who_.is_exhausted() ? void(who_.stop()) : send_("WHO " + token_);
    sender_.send_due(now, [this](std::uint64_t number, const std::string& text) {
      send_("SAY " + token_ + " " + std::to_string(number) + "\n" + text);
    });
  }

  // What was said is to be acknowledged first; but a server that does not answer any more cannot
  // keep us here.
  void tick_before_leaving(Time now) {
    const std::size_t missing = sender_.unacknowledged();
    if (missing == 0 && (state_ == State::kJoining || !who_.is_running())) {
      state_ = State::kLeaving;
      leave_.start(now);
    } else if (now >= leave_by_) {
      end(Event::Kind::kFailed, std::to_string(missing) + " lines were not acknowledged");
    }
  }

  void tick_leaving(Time now) {
    if (!leave_.is_due(now)) return;
    if (leave_.is_exhausted()) return end(Event::Kind::kLeft, "");
    send_("LEAVE " + token_);
  }

  // ---- What is told ----

  void tell(Event::Kind kind, std::string_view text) {
    events_.push_back({kind, std::string(text)});
  }

  void end(Event::Kind kind, std::string_view text) {
    state_ = State::kOver;
    tell(kind, text);
  }

  std::string nick_;
  Send send_;
  State state_ = State::kJoining;
  bool was_in_ = false;       // there was a WELCOME once
  bool was_refused_ = false;  // and told, since the server was lost
  bool wants_to_leave_ = false;
  Time heard_;  // when something valid came last
  Time leave_by_ = kNever;
  std::string cookie_;
  std::string token_;
  Sender<std::string> sender_;
  Receiver<Event> receiver_;
  Repeat join_{std::chrono::milliseconds(200), std::chrono::milliseconds(800)};
  Repeat ping_{std::chrono::seconds(5), std::chrono::seconds(5)};
  Repeat who_{std::chrono::milliseconds(200), std::chrono::seconds(2), 8};
  Repeat leave_{std::chrono::milliseconds(200), std::chrono::milliseconds(200), 5};
  std::deque<Event> events_;
};
