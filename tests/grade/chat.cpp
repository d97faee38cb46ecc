#include "chat.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <system_error>
#include <utility>

#include "errors.hpp"
#include "incidents.hpp"
#include "text.hpp"

namespace grade {
namespace {

// Of decimal digits alone; `where` is what the program sent or said.
template <typename Number>
Number number_of(std::string_view digits, std::string_view where) {
  Number number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end) {
    throw ProgramFails("the number in \"" + excerpt(where) + "\" is none");
  }
  return number;
}

}  // namespace

Address chat_address(Server& server, const std::string& host) {
  const auto before = server.out().until("Listening on port ");
  const auto port = before ? server.out().until("\n") : std::nullopt;
  if (!port) throw ProgramFails("the server does not say on which port it listens");
  return {host, number_of<std::uint16_t>(*port, "Listening on port " + *port)};
}

std::uint16_t free_udp_port() {
  return UdpSocket("127.0.0.1").port();
}

std::vector<std::string> words_of(std::string_view datagram) {
  std::istringstream line(std::string(datagram.substr(0, datagram.find('\n'))));
  std::vector<std::string> words;
  for (std::string word; line >> word;) words.push_back(word);
  return words;
}

std::string text_of(std::string_view datagram) {
  const std::size_t newline = datagram.find('\n');
  return newline == std::string_view::npos ? "" : std::string(datagram.substr(newline + 1));
}

// ---- Visitor ----

std::string Visitor::new_address() {
  static int last = 0;
  ++last;
  return "127.10." + std::to_string(last / 250 % 250) + "." + std::to_string(last % 250 + 1);
}

void Visitor::take(const std::string& datagram) {
  const std::vector<std::string> words = words_of(datagram);
  const bool numbered = words.size() >= 2 && (words[0] == "MSG" || words[0] == "NOTE");
  if (acknowledged_.contains(datagram)) return;  // the line had been said again meanwhile
  if (!numbered) {
    answers_.push_back(datagram);
    return;
  }
  const std::uint64_t number = number_of<std::uint64_t>(words[1], datagram);
  ++times_[number];
  if (acknowledges_) send("ACK " + token_ + " " + words[1]);
  std::string rest = words[0] + (words.size() > 2 ? " " + words[2] : "");
  if (number > heard_) numbered_.try_emplace(number, rest + "\n" + text_of(datagram));
}

void Visitor::take_datagrams() {
  for (; !socket_.arrived().empty(); socket_.arrived().pop_front()) {
    take(socket_.arrived().front().bytes);
  }
}

std::string Visitor::answer(Clock::duration limit) {
  wait_until(
      [this] {
        take_datagrams();
        return !answers_.empty();
      },
      limit);
  if (answers_.empty()) return "";
  std::string first = std::move(answers_.front());
  answers_.pop_front();
  return first;
}

Outcome Visitor::is_answered(std::string_view datagram) {
  const std::string came = answer();
  return Outcome::of(came == datagram,
                     "expected \"" + escaped(datagram) + "\", came \"" + excerpt(came) + '"');
}

std::string Visitor::ask_cookie(const std::string& nick) {
  send("JOIN " + nick);
  const std::vector<std::string> words = words_of(answer());
  return words.size() == 2 && words[0] == "COOKIE" ? words[1] : "";
}

Outcome Visitor::joins(const std::string& nick) {
  const std::string cookie = ask_cookie(nick);
  if (cookie.empty()) return Outcome::fails("JOIN " + nick + " is not answered by a COOKIE");
  send("JOIN " + nick + " " + cookie);
  const std::string came = answer();
  const std::vector<std::string> words = words_of(came);
  if (words.size() != 2 || words[0] != "WELCOME") {
    return Outcome::fails("no WELCOME for " + nick + ", but \"" + excerpt(came) + '"');
  }
  token_ = words[1];
  return Outcome::holds();
}

void Visitor::say(std::uint64_t number, std::string_view text) {
  send("SAY " + token_ + " " + std::to_string(number) + "\n" + std::string(text));
}

// Said again like any client's, since the server may have no room for it at the moment.
Outcome Visitor::says(std::string_view text) {
  const std::string expected = "ACK " + std::to_string(++said_);
  const Clock::time_point end = Clock::now() + patience();
  std::string came;
  while (came != expected && Clock::now() < end) {
    if (came.empty()) say(said_, text);
    came = answer(std::chrono::seconds(1));
    if (!came.empty() && !came.starts_with("ACK ")) break;
  }
  if (came == expected) acknowledged_.insert(expected);
  return Outcome::of(came == expected,
                     "expected \"" + expected + "\", came \"" + excerpt(came) + '"');
}

std::string Visitor::hears(Clock::duration limit) {
  wait_until(
      [this] {
        take_datagrams();
        return numbered_.contains(heard_ + 1);
      },
      limit);
  if (!numbered_.contains(heard_ + 1)) return "";
  return numbered_.extract(++heard_).mapped();
}

Outcome Visitor::hears_line(const std::string& nick, std::string_view text) {
  const std::string expected = "MSG " + nick + "\n" + std::string(text);
  const std::string came = hears();
  return Outcome::of(came == expected, first_difference(expected, came));
}

Outcome Visitor::hears_note_about(const std::string& nick) {
  const std::string came = hears();
  return Outcome::of(came.starts_with("NOTE\n") && mentions(came, nick),
                     "expected a NOTE about " + nick + ", came \"" + excerpt(came) + '"');
}

// The server serves its socket in order: what it had to say before comes before the PONG, or
// together with it.
Outcome Visitor::hears_nothing_more() {
  send("PING " + token_);
  if (const Outcome outcome = is_answered("PONG"); !outcome) return outcome;
  let_pass(std::chrono::milliseconds(50));
  take_datagrams();
  const std::string more = !answers_.empty()    ? answers_.front()
                           : !numbered_.empty() ? numbered_.begin()->second
                                                : "";
  return Outcome::of(more.empty(), "more than expected: \"" + excerpt(more) + '"');
}

std::size_t Visitor::times_received(std::uint64_t number) const {
  const auto found = times_.find(number);
  return found == times_.end() ? 0 : found->second;
}

// ---- ChatHost ----

std::optional<std::string> ChatHost::hears(std::string_view verb, Clock::duration limit) {
  const Clock::time_point end = Clock::now() + limit;
  while (const auto datagram = socket_.receive(end - Clock::now())) {
    client_ = datagram->from;
    if (words_of(datagram->bytes).empty() || words_of(datagram->bytes)[0] != verb) continue;
    return datagram->bytes;
  }
  return std::nullopt;
}

// Whoever wants to come in as `nick` gets a cookie, and comes again with it.
Outcome ChatHost::is_asked_by(const std::string& nick) {
  incidents::of_this_check().needs_client = true;
  std::optional<std::string> wish;
  do {
    wish = hears("JOIN");
  } while (wish && !refused_.empty() && words_of(*wish).size() > 1 &&
           words_of(*wish)[1] == refused_);
  if (wish != "JOIN " + nick) {
    return Outcome::fails("expected JOIN " + nick + ", came \"" + excerpt(wish.value_or("")) + '"');
  }
  send("COOKIE c00c1e");
  std::optional<std::string> proof;
  do {  // the first JOIN may have been said again meanwhile
    proof = hears("JOIN");
  } while (proof == wish);
  if (proof != "JOIN " + nick + " c00c1e") {
    return Outcome::fails("expected the JOIN with the cookie, came \"" +
                          excerpt(proof.value_or("")) + '"');
  }
  return Outcome::holds();
}

Outcome ChatHost::welcomes(const std::string& nick) {
  const Outcome asked = is_asked_by(nick);
  if (asked) send("WELCOME " + token_);
  return asked;
}

Outcome ChatHost::refuses(const std::string& nick) {
  const Outcome asked = is_asked_by(nick);
  if (asked) send("ERROR somebody is called \x1b[31m" + nick + " already");
  refused_ = nick;
  return asked;
}

Outcome ChatHost::is_told(std::uint64_t number, std::string_view text) {
  const std::string expected =
      "SAY " + token_ + " " + std::to_string(number) + "\n" + std::string(text);
  std::optional<std::string> came;
  do {  // others are said again, before it or after
    came = hears("SAY");
  } while (came && words_of(*came).size() == 3 && words_of(*came)[2] != std::to_string(number));
  send("ACK " + std::to_string(number));
  return Outcome::of(came == expected, first_difference(expected, came.value_or("")));
}

Outcome ChatHost::says_goodbye() {
  const auto wish = hears("LEAVE");
  send("BYE");
  return Outcome::of(wish == "LEAVE " + token_, "no LEAVE comes");
}

}  // namespace grade
