// The dialog: what the clients say, and what the person at the console says to them. Nothing in
// here waits for a client. Who waits is the loop in server.cpp, and it calls when something has
// happened.

#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "accounts.hpp"
#include "hasher.hpp"
#include "input_lines.hpp"
#include "log.hpp"
#include "login.hpp"
#include "polled_socket.hpp"
#include "secret.hpp"
#include "service_message.hpp"
#include "shared/frame.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"
#include "waiting_messages.hpp"

// One client, and how far its conversation has come.
struct Client {
  enum class State {
    kLogin,    // its next message is an answer
    kHashing,  // its password is being hashed; what it says meanwhile waits
    kIn,       // its next message is for the person
    kLeaving,  // it gets what is not yet sent, and nothing more
    kGone,
  };

  Client(std::uint64_t number, Socket connected, std::string peer_address, Accounts& accounts)
      : id(number),
        peer(std::move(peer_address)),
        socket(std::move(connected),
               [this](std::size_t count) { say("send", bytes(count) + " to " + peer); }),
        login(accounts) {}

  const std::uint64_t id;  // never used again
  const std::string peer;
  PolledSocket socket;
  Login login;
  State state = State::kLogin;
  std::string reason;        // why it leaves
  bool interrupted = false;  // its turn was over before all of its messages were taken
};

// The person cannot be shown anything any more.
class ConsoleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Dialog {
 public:
  using Clients = std::map<std::uint64_t, Client>;  // by id

  Dialog(Accounts& accounts, InputLines& console) : accounts_(accounts), console_(console) {}

  Clients& clients() noexcept { return clients_; }
  const Hasher& hasher() const noexcept { return hasher_; }

  // What poll() is to wait for: nothing is read that cannot be dealt with now.
  short events_of(const Client& client) const {
    const bool reads = takes_messages(client) && !client.interrupted && !client.socket.ended();
    const bool writes = client.socket.unsent() > 0;
    return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
  }

  void add_client(Socket connected, const std::string& peer) {
    say("connect", peer);
    const std::uint64_t id = next_id_++;
    Client& client =
        clients_.try_emplace(id, id, std::move(connected), peer, accounts_).first->second;
    guard(client, [&] { take_step(client, client.login.begin()); });
  }

  // `events` is what poll() has said of its socket; 0 if its last turn was interrupted.
  void serve(Client& client, short events) {
    guard(client, [&] {
      if (events & POLLOUT) client.socket.flush();
      if (events & (POLLIN | POLLERR | POLLHUP)) client.socket.receive();
      take_messages(client);
    });
  }

  // The console's input has something to read, or has ended.
  void read_console() {
    console_.read_more();
    take_lines();
  }

  // What is typed already; and the answers of nobody, once the input has ended.
  void take_lines() {
    while (const auto line = console_.take()) take_line(*line);
    if (!console_.ended()) return;
    while (const auto message = waiting_.take_oldest()) {
      answer(clients_.at(message->client), message->text);
    }
  }

  void take_hashes() {
    for (Hasher::Result& result : hasher_.take_results()) {
      const auto entry = clients_.find(result.client);
      if (entry == clients_.end()) continue;  // it did not wait for it
      Client& client = entry->second;
      if (client.state != Client::State::kHashing) continue;
      guard(client, [&] {
        if (!result.record) throw std::runtime_error("the password could not be hashed");
        take_step(client, client.login.hashed(*result.record));
        client.interrupted = true;  // it may have said something meanwhile
      });
    }
  }

  // Lets go of those that have left.
  void remove_gone() {
    for (auto entry = clients_.begin(); entry != clients_.end();) {
      const Client& client = entry->second;
      const bool sent = client.state == Client::State::kLeaving && client.socket.unsent() == 0;
      if (!sent && client.state != Client::State::kGone) {
        ++entry;
        continue;
      }
      say("disconnect", client.peer + " " + client.reason);
      entry = clients_.erase(entry);
    }
  }

 private:
  // A client that lets more than so many bytes wait for it, since it does not read, is dropped.
  static constexpr std::size_t kMaxUnsent = 1'048'576;
  // One whose messages take more than so many bytes is read from again when they are answered.
  static constexpr std::size_t kMaxWaiting = 1'048'576;
  static constexpr int kMessagesATurn = 16;

  // Nobody's failure is anybody else's.
  template <typename Action>
  void guard(Client& client, Action action) {
    try {
      action();
      if (client.socket.unsent() > kMaxUnsent) {
        leave(client, Client::State::kGone, "was dropped: it does not read what it is sent");
      }
    } catch (const ProtocolError& error) {
      say("error", client.peer + ": " + error.what());
      leave(client, Client::State::kGone, "was dropped: it broke the protocol");
    } catch (const ConsoleError&) {
      throw;                                 // that is everybody's
    } catch (const std::exception& error) {  // a reset, most likely
      leave(client, Client::State::kGone, "was lost: " + std::string(error.what()));
    }
  }

  bool takes_messages(const Client& client) const {
    if (client.state == Client::State::kLogin) return true;
    return client.state == Client::State::kIn && waiting_.bytes_of(client.id) <= kMaxWaiting;
  }

  void take_messages(Client& client) {
    client.interrupted = false;
    for (int taken = 0; takes_messages(client); ++taken) {
      if (taken == kMessagesATurn) {
        client.interrupted = true;  // the others have their turn first
        return;
      }
      auto message = client.socket.take_message();
      if (!message) {
        if (client.socket.ended()) leave(client, Client::State::kLeaving, "closed the connection");
        return;
      }
      say("receive", bytes(message->size()) + " from " + client.peer);
      take_message(client, std::move(*message));
    }
  }

  void take_message(Client& client, std::string message) {
    if (client.state == Client::State::kLogin) {
      take_step(client, client.login.answer(std::move(message)));
    } else if (message == "exit") {
      leave(client, Client::State::kLeaving, "said exit");
    } else if (message == "logout") {
      take_step(client, client.login.log_out());
      leave(client, Client::State::kLeaving, "said logout");
    } else {
      show(client.login.name(), message);
      if (console_.ended()) {
        client.socket.send_message(message);  // nobody is there
      } else {
        waiting_.add(client.id, std::move(message));
      }
    }
  }

  void take_step(Client& client, Login::Step step) {
    if (!step.error.empty()) say("error", step.error);
    for (std::string& line : step.lines) {
      client.socket.send_message(line);
      wipe(line);
    }
    switch (step.next) {
      case Login::Next::kAnswer:
        client.state = Client::State::kLogin;
        break;
      case Login::Next::kIn:
        client.state = Client::State::kIn;
        break;
      case Login::Next::kClose:
        leave(client, Client::State::kLeaving, "has not logged in");
        break;
      case Login::Next::kHash:
        client.state = Client::State::kHashing;
        hasher_.submit(client.id, client.login.take_job());
        break;
    }
  }

  void leave(Client& client, Client::State state, std::string_view reason) {
    client.state = state;
    client.reason = reason;
    waiting_.forget(client.id);
    hasher_.forget(client.id);
  }

  static void show(const std::string& name, const std::string& message) {
    const std::string line = name + ": " + message;
    try {
      write_output(as_bytes((::isatty(STDOUT_FILENO) ? printable(line) : line) + "\n"));
    } catch (const std::system_error& error) {
      throw ConsoleError(error.what());
    }
  }

  void answer(Client& client, const std::string& text) {
    guard(client, [&] { client.socket.send_message(text); });
    client.interrupted = true;  // it may have been kept waiting with more messages
  }

  // A line of the person at the console.
  void take_line(const std::string& line) {
    if (line.empty()) return;
    if (line.size() > kMaxPayload || !is_utf8(line)) {
      tell("Nothing was sent: a message is text in UTF-8, of at most 1048576 bytes.\n");
    } else if (line.starts_with('@')) {
      address(std::string_view(line).substr(1));
    } else if (const auto message = waiting_.take_oldest()) {
      answer(clients_.at(message->client), line);
    } else {
      tell("Nothing was sent: nobody waits for an answer. (@NAME TEXT begins a talk.)\n");
    }
  }

  // "NAME text", where the name may hold spaces: the longest that fits is meant.
  void address(std::string_view line) {
    const std::string name = addressee(line);
    if (name.empty()) {
      tell("Nothing was sent: nobody of that name is here.\n");
      return;
    }
    const auto is_meant = [&](std::uint64_t id) {
      return is_called(clients_.at(id), name);
    };
    waiting_.take_oldest(is_meant);  // this is the answer to it
    for (auto& [id, client] : clients_) {
      if (is_called(client, name)) answer(client, std::string(line.substr(name.size() + 1)));
    }
  }

  std::string addressee(std::string_view line) const {
    std::string longest;
    for (const auto& [id, client] : clients_) {
      const std::string& name = client.login.name();
      if (is_called(client, name) && line.starts_with(name + " ") && name.size() > longest.size()) {
        longest = name;
      }
    }
    return longest;
  }

  static bool is_called(const Client& client, const std::string& name) {
    return client.state == Client::State::kIn && client.login.name() == name;
  }

  Accounts& accounts_;
  InputLines& console_;
  Clients clients_;
  std::uint64_t next_id_ = 0;
  WaitingMessages waiting_;
  Hasher hasher_;
};
