// The programs under test as the checks see them: a Server or a Client of a lab, with its service
// messages.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "outcome.hpp"
#include "proc_net.hpp"
#include "process.hpp"
#include "service_message.hpp"
#include "submission.hpp"
#include "tcp.hpp"
#include "text.hpp"

namespace grade {

class Subject : public Program {
 public:
  // `role` is "server" or "client".
  Subject(const Lab& lab, std::string role, const Setup& setup);

  const Lab& lab() const { return lab_; }

  // Its messages are in server.log and not on standard error.
  bool has_log() const { return logs_; }

  // Its service messages so far, in order, and the lines that they are on.
  const std::vector<Message>& messages();
  const std::vector<std::string>& message_lines();

  std::size_t count(std::string_view event);
  std::string events() { return events_of(messages()); }
  std::string some_events();  // for a reason that is told

  // Waits until it has said `event` with all of `phrases` in the explanation.
  Outcome says(std::string_view event, std::initializer_list<std::string_view> phrases = {});

  // Has not said `event` so far. To be asked when it would have come before something that came.
  Outcome has_not_said(std::string_view event);

  // There is nothing on standard error but service messages. To be asked after the end.
  Outcome says_nothing_else();

 protected:
  // What follows builds on a server that listens, or a client that gets in touch. If it is known
  // that it does not, the check ends here.
  void require_that_it_works();

 private:
  std::string_view new_text();  // what has come of the messages' stream since the last call

  Lab lab_;
  std::string role_;
  bool logs_;
  std::string log_;           // what has been read of it
  std::size_t seen_ = 0;      // how much of the stream has been cut into lines
  std::size_t searched_ = 0;  // how much of what follows has no end of a line
  std::vector<Message> messages_;
  std::vector<std::string> lines_;
};

class Server : public Subject {
 public:
  // Starts it on a free port (or with the arguments in `setup`) and does not wait.
  explicit Server(const Lab& lab);
  Server(const Lab& lab, const Setup& setup) : Subject(lab, "server", setup) {}

  // Waits until it listens, whatever the port is.
  Outcome listens();
  bool comes_to_listen();  // the same, whatever is known of this server

  // Waits until it listens on this port and no other.
  Outcome listens_on(std::uint16_t port);

  // Waits until it listens for IPv6 as well, with a socket of its own or one for both.
  Outcome listens_on_both_families();
  std::uint16_t port();  // that it listens on; throws std::runtime_error if it does not

  // Connects to it, as soon as it listens.
  Peer connect(const PeerOptions& options = {});
  Peer connect_to(const std::string& host, const PeerOptions& options = {});

  // Takes one client more: it returns what this one sends. For after everything odd.
  Outcome serves();

  // Ends after these signals, within a second, with exit code 0 and `stop` said once and last.
  Outcome stops_on(std::initializer_list<int> signals);

  std::string log_path() const { return folder() + "/server.log"; }

 private:
  std::uint16_t port_ = 0;  // 0: not known yet
};

class Client : public Subject {
 public:
  Client(const Lab& lab, const Setup& setup) : Subject(lab, "client", setup) {}
  // Started for 127.0.0.1 and the port of `listener`.
  Client(const Lab& lab, const Listener& listener, Setup setup = {});

  Outcome prints(std::string_view expected) { return out().brings(expected); }
};

}  // namespace grade
