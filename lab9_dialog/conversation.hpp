// One client's conversation, and how far it has come: what in the labs before was known by the
// place in the code where a thread stood. No call in here waits for anything.

#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "accounts.hpp"
#include "console_output.hpp"
#include "hasher.hpp"
#include "input_lines.hpp"
#include "log.hpp"
#include "login.hpp"
#include "polled_socket.hpp"
#include "secret.hpp"
#include "service_message.hpp"
#include "shared/frame.hpp"
#include "shared/socket.hpp"
#include "waiting_messages.hpp"

// What all conversations have in common.
struct Commons {
  Accounts& accounts;
  InputLines& person;  // at its end, nobody is there
  ConsoleOutput console{};
  WaitingMessages waiting{};
  Hasher hasher{};
};

// A failure of one conversation ends that one: its functions throw nothing.
class Conversation {
 public:
  using Clock = std::chrono::steady_clock;

  // `id` is never used again. `peer` is the client's address, for the log.
  Conversation(std::uint64_t id, Socket connected, std::string peer, Commons& commons)
      : id_(id),
        peer_(std::move(peer)),
        commons_(commons),
        socket_(std::move(connected),
                [this](std::size_t count) { say("send", bytes(count) + " to " + peer_); }),
        login_(commons.accounts) {
    guard([this] { take_step(login_.begin()); });
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // What poll() is to wait for: nothing is read that cannot be dealt with now, but that the client
  // leaves the person is to be noticed. Of a client that has closed there is nothing to hear but a
  // reset, and poll() would tell of that again and again.
  pollfd interest() const {
    const bool reads =
        !socket_.ended() && !interrupted_ && (takes_messages() || looks_ahead() || is_leaving());
    const bool watches = !reads && is_in() && is_anybody_there();
    const bool writes = socket_.unsent() > 0;
    const int descriptor = socket_.ended() && !writes ? -1 : socket_.fd();  // -1 is passed over
    return {descriptor,
            static_cast<short>((reads ? POLLIN : 0) | (watches ? POLLRDHUP : 0) |
                               (writes ? POLLOUT : 0)),
            0};
  }

  // When it is to be served even if poll() has nothing to say of it: long ago, if its last turn
  // was interrupted.
  Clock::time_point due() const { return interrupted_ ? Clock::time_point{} : deadline_; }

  // `events` is what poll() has said of its socket.
  void serve(short events) {
    interrupted_ = false;
    if (events & POLLRDHUP) hung_up_ = true;
    guard([this, events] {
      if (is_leaving()) return discard(events);
      socket_.transfer(events);
      answer_waiting();
      take_messages();
      const bool hung_up = socket_.ended() && !socket_.has_received();
      if (state_ == State::kHashing && hung_up) leave("closed the connection");
    });
  }

  // What its password's hash has come to: std::nullopt if hashing it has failed.
  void take_hash(const std::optional<std::string>& record) {
    if (state_ != State::kHashing) return;  // it did not wait for it
    guard([this, &record] {
      const std::string failure = "hash the password of " + peer_ + ": libcrypto has failed";
      take_step(
          record ? login_.hashed(*record)
                 : Login::Step({"ERR That could not be checked."}, Login::Next::kClose, failure));
      interrupted_ = true;  // it may have said something meanwhile
    });
  }

  // An answer, or whatever else the person says to it.
  void send(std::string_view text) {
    guard([this, text] { socket_.send_message(text); });
    interrupted_ = true;  // it may have been kept waiting with more messages
  }

  // Whether it talks with the person, and under which name.
  bool is_in() const { return state_ == State::kIn; }
  bool is_called(std::string_view name) const { return is_in() && login_.name() == name; }
  const std::string& name() const { return login_.name(); }

  // To be asked at the end of each turn; if true, it can be let go of.
  bool is_over(Clock::time_point now) {
    guard([this, now] {
      if (is_leaving()) close_by_halves(now);
    });
    return state_ == State::kGone;
  }

  // Who has left, and why: "127.0.0.1:50000 said exit".
  std::string farewell() const { return peer_ + " " + reason_; }

 private:
  enum class State {
    kLogin,    // its next message is an answer
    kHashing,  // its password is being hashed; what it says meanwhile waits
    kIn,       // its next message is for the person
    kLeaving,  // it gets what is not yet sent, and nothing more
    kClosing,  // it has got all, and been told that this was all
    kGone,
  };

  // A client that lets more than so many bytes wait for it, since it does not read, is dropped:
  // more than the longest message.
  static constexpr std::size_t kMaxUnsent = kFrameHeader + kMaxPayload;
  // One whose messages take more than so many bytes is read from again when they are answered.
  static constexpr std::size_t kMaxWaiting = 1'048'576;
  static constexpr int kMessagesATurn = 16;
  static constexpr std::chrono::minutes kMaxFarewell{1};  // for who leaves to read what is left
  static constexpr std::chrono::seconds kLinger{1};       // for a client to close after us

  // ---- What it says ----

  bool takes_messages() const {
    if (state_ == State::kLogin) return true;
    if (!is_in()) return false;
    const std::size_t waiting = commons_.waiting.bytes_of(id_);
    if (!is_anybody_there()) return waiting == 0;
    return waiting <= kMaxWaiting || hung_up_ || socket_.ended();
  }

  // Who leaves while the password is being hashed need not be waited for. Only who reads learns
  // that; but what comes instead has to be kept, so one recv() has to be enough.
  bool looks_ahead() const { return state_ == State::kHashing && !socket_.has_received(); }

  void take_messages() {
    for (int taken = 0; takes_messages(); ++taken) {
      if (taken == kMessagesATurn) {
        interrupted_ = true;  // the others have their turn first
        return;
      }
      auto message = socket_.take_message();
      if (!message) {
        if (socket_.ended()) leave("closed the connection");
        return;
      }
      say("receive", bytes(message->size()) + " from " + peer_);
      take_message(std::move(*message));
    }
  }

  void take_message(std::string message) {
    if (state_ == State::kLogin) {
      take_step(login_.answer(std::move(message)));
    } else if (message == "exit") {
      leave("said exit");
    } else if (message == "logout") {
      leave("said logout");
      take_step(login_.log_out());
    } else {
      commons_.console.show(login_.name() + ": " + message);
      if (is_anybody_there()) {
        commons_.waiting.add(id_, std::move(message));
      } else {
        socket_.send_message(message);
      }
    }
  }

  bool is_anybody_there() const { return !commons_.person.ended(); }

  // When the person has left, what waits is answered, no faster than the client reads, and then
  // what it says next.
  void answer_waiting() {
    for (int answered = 0; !is_anybody_there() && socket_.unsent() == 0; ++answered) {
      if (answered == kMessagesATurn) {
        interrupted_ = true;
        return;
      }
      const auto message = commons_.waiting.take_oldest_of(id_);
      if (!message) return;
      socket_.send_message(*message);
    }
  }

  void take_step(Login::Step step) {
    if (!step.error.empty()) say("error", step.error);
    for (std::string& line : step.lines) {
      socket_.send_message(line);
      wipe(line);
    }
    switch (step.next) {
      case Login::Next::kAnswer:
        state_ = State::kLogin;
        break;
      case Login::Next::kIn:
        state_ = State::kIn;
        break;
      case Login::Next::kClose:
        leave("has not logged in");
        break;
      case Login::Next::kHash:
        state_ = State::kHashing;
        commons_.hasher.submit(id_, whose_password(), login_.take_job());
        break;
    }
  }

  Hasher::Whose whose_password() const {
    const bool known = commons_.accounts.users.find(login_.name()).has_value();
    return known ? Hasher::Whose::kUsers : Hasher::Whose::kNewcomers;
  }

  // ---- How it ends ----

  template <typename Action>
  void guard(Action action) {
    try {
      action();
      if (socket_.unsent() > kMaxUnsent) lose("was dropped: it does not read what it is sent");
    } catch (const ProtocolError& error) {
      say("error", peer_ + ": " + error.what());
      leave("was dropped: it broke the protocol");
      if (socket_.unsent() > 0) state_ = State::kGone;  // it does not read, either
    } catch (const std::system_error& error) {          // of its socket: a reset, most likely
      lose("was lost: " + std::string(error.what()));
    } catch (const std::exception& error) {
      say("error", peer_ + ": " + error.what());
      lose("was dropped: the server has failed");
    }
  }

  bool is_leaving() const { return state_ == State::kLeaving || state_ == State::kClosing; }

  void leave(std::string_view reason) {
    if (reason_.empty()) reason_ = reason;
    state_ = State::kLeaving;
    deadline_ = Clock::now() + kMaxFarewell;
    commons_.waiting.forget(id_);
    commons_.hasher.forget(id_);
  }

  void lose(std::string_view reason) {
    leave(reason);
    state_ = State::kGone;
  }

  // To close a socket that has something unread is to reset the connection, and that throws away
  // what is on its way to the client: its last answers. So all is sent first, and the end of it
  // said; what the client still says is thrown away until it closes, too, or for a second.
  void close_by_halves(Clock::time_point now) {
    if (state_ == State::kLeaving && socket_.unsent() == 0) {
      socket_.finish_sending();
      state_ = State::kClosing;
      deadline_ = now + kLinger;
    }
    const bool closed = state_ == State::kClosing && socket_.ended();
    if (closed || now >= deadline_) state_ = State::kGone;
  }

  void discard(short events) {
    if (events & POLLOUT) socket_.flush();
    if (events & (POLLIN | POLLERR | POLLHUP)) socket_.discard();
  }

  const std::uint64_t id_;
  const std::string peer_;
  Commons& commons_;
  PolledSocket socket_;
  Login login_;
  State state_ = State::kLogin;
  bool interrupted_ = false;  // its turn was over before all of its messages were taken
  bool hung_up_ = false;      // what has arrived is all that it says
  Clock::time_point deadline_ = Clock::time_point::max();  // when its leaving has taken too long
  std::string reason_;                                     // why it leaves
};
