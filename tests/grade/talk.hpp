// Talk: one conversation as it is from lab 6 on, where the server speaks first. Its messages are
// lines in labs 6 and 7, and frames from lab 8 on. The grader is the client in it, or the server.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome.hpp"
#include "subject.hpp"
#include "submission.hpp"
#include "tcp.hpp"

namespace grade {

// A message as the bytes that travel: with its newline, or with its length before it.
std::string on_the_wire(const Lab& lab, std::string_view message);
std::string together(const Lab& lab, const std::vector<std::string>& messages);

class Talk {
 public:
  // With a server, as its client.
  explicit Talk(Server& server, const PeerOptions& options = {},
                const std::string& host = "127.0.0.1");

  // With a client, as its server. Waits until one connects.
  Talk(const Lab& lab, Listener& listener);

  const Lab& lab() const { return lab_; }

  // One message, and several in one segment.
  void say(std::string_view message);
  void say_together(const std::vector<std::string>& messages);

  // Each of these waits for the next message: what it is, std::nullopt if the end comes instead;
  // whether it is this one, and all of these in a row.
  std::optional<std::string> hear();
  Outcome hears(std::string_view message);
  Outcome hears_in_a_row(const std::vector<std::string>& messages);

  // The next message is a question for `what` (ASK), or a refusal (ERR), with words for a person.
  Outcome is_asked(std::string_view what);
  Outcome is_refused();

  // What follows TOKEN in the next message; empty if that is something else.
  std::string hear_token();

  // No message more: the other side closes, or resets if it has left something unread. Then this
  // side closes as well.
  Outcome ends();

  Peer peer;

 private:
  Lab lab_;
};

}  // namespace grade
