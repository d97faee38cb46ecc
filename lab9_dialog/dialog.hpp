// The dialog: all the conversations, and the person at the console, who is one side of each.
// Nothing in here waits. Who waits is the loop in server.cpp, and it calls when something has
// happened.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "accounts.hpp"
#include "conversation.hpp"
#include "hasher.hpp"
#include "input_lines.hpp"
#include "log.hpp"
#include "shared/frame.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "waiting_messages.hpp"

class Dialog {
 public:
  using Conversations = std::map<std::uint64_t, Conversation>;  // by id, the oldest first

  // Both have to live as long as the dialog.
  Dialog(Accounts& accounts, InputLines& person) : commons_{accounts, person} {}

  Conversations& conversations() noexcept { return conversations_; }
  const Hasher& hasher() const noexcept { return commons_.hasher; }

  void add_client(Socket connected, const std::string& peer) {
    say("connect", peer);
    const std::uint64_t id = next_id_++;
    conversations_.try_emplace(id, id, std::move(connected), peer, commons_);
  }

  // The console's input has something to read, or has ended.
  void read_console() {
    try {
      commons_.person.read_more();
    } catch (const std::system_error& error) {  // that of nohup, say, is open for writing only
      say("error", error.what());
    }
    take_lines();
  }

  // What is typed already. Once the input has ended, each conversation goes on by itself.
  void take_lines() {
    while (const auto line = commons_.person.take()) take_line(*line);
    if (!commons_.person.ended()) return;
    for (auto& [id, conversation] : conversations_) conversation.serve(0);
  }

  void take_hashes() {
    for (const Hasher::Result& result : commons_.hasher.take_results()) {
      const auto entry = conversations_.find(result.client);
      if (entry != conversations_.end()) entry->second.take_hash(result.record);
    }
  }

  // What the person is to see by now.
  void write_console() { commons_.console.write_out(); }

  // Lets go of those that have left.
  void remove_gone() {
    const auto now = Conversation::Clock::now();
    for (auto entry = conversations_.begin(); entry != conversations_.end();) {
      const auto here = entry++;
      if (!here->second.is_over(now)) continue;
      say("disconnect", here->second.farewell());
      conversations_.erase(here);
    }
  }

 private:
  // A line of the person.
  void take_line(const std::string& line) {
    if (line.empty()) return;
    if (line.size() > kMaxPayload || !is_utf8(line)) {
      tell("Nothing was sent: a message is text in UTF-8, of at most 1048576 bytes.\n");
    } else if (line.starts_with('@')) {
      address(std::string_view(line).substr(1));
    } else if (const auto message = commons_.waiting.take_oldest()) {
      conversations_.at(message->client).send(line);
    } else {
      tell("Nothing was sent: nobody waits for an answer. (@NAME TEXT begins a talk.)\n");
    }
  }

  // "NAME text", where the name may hold spaces: the longest that fits is meant.
  void address(std::string_view line) {
    const std::string name = addressee(line);
    if (name.empty()) return tell("Nothing was sent: nobody of that name is here.\n");
    commons_.waiting.take_oldest([&](std::uint64_t id) {  // this is the answer to it
      return conversations_.at(id).is_called(name);
    });
    for (auto& [id, conversation] : conversations_) {
      if (conversation.is_called(name)) conversation.send(line.substr(name.size() + 1));
    }
  }

  std::string addressee(std::string_view line) const {
    std::string longest;
    for (const auto& [id, conversation] : conversations_) {
      const std::string& name = conversation.name();
      const bool fits = conversation.is_in() && line.starts_with(name + " ");
      if (fits && name.size() > longest.size()) longest = name;
    }
    return longest;
  }

  void tell(std::string line) { commons_.console.tell(std::move(line)); }

  Commons commons_;
  Conversations conversations_;
  std::uint64_t next_id_ = 0;
};
