// The grader's own ends of a chat over UDP: a Visitor, who is a member of a server's chat, and a
// ChatHost, which a client takes for its server.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "outcome.hpp"
#include "subject.hpp"
#include "udp.hpp"

namespace grade {

// Where a server that is started for a port of its own choice is: it says so on standard output.
// Throws std::runtime_error if it does not.
Address chat_address(Server& server, const std::string& host = "127.0.0.1");

// A UDP port that was free a moment ago.
std::uint16_t free_udp_port();

// The words of a datagram's first line, and the text below it.
std::vector<std::string> words_of(std::string_view datagram);
std::string text_of(std::string_view datagram);

// A member of a chat, or somebody who wants to be one. What it hears that is numbered, MSG and
// NOTE, it acknowledges; all else waits in its own queue.
class Visitor {
 public:
  // At an address that no other has, unless one is named: a server that cannot tell two people at
  // one address apart is to lose the checks about that, and no others.
  explicit Visitor(const Address& server) : Visitor(server, new_address()) {}
  Visitor(const Address& server, const std::string& host) : server_(server), socket_(host) {}

  void send(std::string_view datagram) { socket_.send(server_, datagram); }

  // Waits for the next datagram that is not numbered; empty if none comes.
  std::string answer(Clock::duration limit = patience());
  Outcome is_answered(std::string_view datagram);

  // A cookie, and with it the whole way in; then token() is ours.
  std::string ask_cookie(const std::string& nick);
  Outcome joins(const std::string& nick);
  const std::string& token() const { return token_; }

  // SAY with the next number, which is then acknowledged.
  Outcome says(std::string_view text);
  void say(std::uint64_t number, std::string_view text);

  // The next numbered datagram in order, its number left out: "MSG nick\ntext", "NOTE\ntext".
  std::string hears(Clock::duration limit = patience());
  Outcome hears_line(const std::string& nick, std::string_view text);
  Outcome hears_note_about(const std::string& nick);

  // Once everything has arrived that was sent before: nothing was heard that was not asked for.
  Outcome hears_nothing_more();

  void acknowledges(bool on) { acknowledges_ = on; }
  std::size_t times_received(std::uint64_t number) const;
  void take_datagrams();
  UdpSocket& socket() { return socket_; }

 private:
  static std::string new_address();
  void take(const std::string& datagram);

  Address server_;
  UdpSocket socket_;
  std::string token_;
  bool acknowledges_ = true;
  std::uint64_t said_ = 0;
  std::set<std::string> acknowledged_;  // "ACK 1" of each line that says() has said
  std::uint64_t heard_ = 0;
  std::map<std::uint64_t, std::string> numbered_;
  std::map<std::uint64_t, std::size_t> times_;
  std::deque<std::string> answers_;
};

// A server of the grader's. It answers nothing by itself.
class ChatHost {
 public:
  // The next datagram of a client's whose first word is `verb`; others of these are left out:
  // PING, and what is said again. std::nullopt if it does not come.
  std::optional<std::string> hears(std::string_view verb, Clock::duration limit = patience());

  // Sends to whoever has sent last.
  void send(std::string_view datagram) { socket_.send(client_, datagram); }

  // Lets a client in, which comes as `nick`.
  Outcome welcomes(const std::string& nick);

  // Lets nobody in who comes as `nick`, and says why, with an escape sequence in it.
  Outcome refuses(const std::string& nick);

  // The next SAY is number `number` with this text; it is acknowledged.
  Outcome is_told(std::uint64_t number, std::string_view text);

  // A LEAVE comes, and is answered.
  Outcome says_goodbye();

  std::string port() const { return std::to_string(socket_.port()); }
  std::string address() const { return socket_.address().text(); }
  const std::string& token() const { return token_; }
  UdpSocket& socket() { return socket_; }
  const Address& client() const { return client_; }

 private:
  Outcome is_asked_by(const std::string& nick);

  UdpSocket socket_;
  Address client_;
  std::string token_ = "00112233445566778899aabbccddeeff";
  std::string refused_;  // this nick; its JOIN may have been said again meanwhile
};

}  // namespace grade
