#include "talk.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "loop.hpp"
#include "text.hpp"

namespace grade {
namespace {

constexpr std::size_t kHeader = 4;

bool has_frames(const Lab& lab) {
  return lab.number >= 8;
}

std::size_t length_of(std::string_view header) {
  std::size_t length = 0;
  for (const char c : header.substr(0, kHeader)) {
    length = length << 8 | static_cast<unsigned char>(c);
  }
  return length;
}

// What stands there in the place of a message.
std::string what_came(const Lab& lab, Incoming& incoming) {
  const std::string_view rest = incoming.rest();
  const std::string then = incoming.finished() ? "the end: " + incoming.end() : "nothing more";
  if (rest.empty()) return incoming.finished() ? then : "nothing";
  const std::string text = "\"" + excerpt(rest) + "\" and " + then;
  if (!has_frames(lab)) return text + ", with no newline";
  if (rest.size() < kHeader) return text + ", which is no header";
  return text + ", which begins a frame of " + std::to_string(length_of(rest)) + " bytes";
}

// A word of `said`, then a space and a text for a person.
Outcome is_for_a_person(const std::optional<std::string>& said, const std::string& word,
                        const std::string& otherwise) {
  const std::string begin = word + " ";
  const bool as_expected = said && said->starts_with(begin) &&
                           said->find_first_not_of(' ', begin.size()) != std::string::npos;
  return Outcome::of(as_expected, "expected \"" + begin + "...\", came " +
                                      (said ? "\"" + excerpt(*said) + "\"" : otherwise));
}

}  // namespace

std::string on_the_wire(const Lab& lab, std::string_view message) {
  if (!has_frames(lab)) return std::string(message) + '\n';
  std::string frame;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(message.size() >> shift & 0xff);
  return frame.append(message);
}

std::string together(const Lab& lab, const std::vector<std::string>& messages) {
  std::string bytes;
  for (const std::string& message : messages) bytes += on_the_wire(lab, message);
  return bytes;
}

Talk::Talk(Server& server, const PeerOptions& options, const std::string& host)
    : peer(server.connect_to(host, options)), lab_(server.lab()) {}

Talk::Talk(const Lab& lab, Listener& listener) : peer(listener.accept()), lab_(lab) {}

void Talk::say(std::string_view message) {
  peer.send(on_the_wire(lab_, message));
}

void Talk::say_together(const std::vector<std::string>& messages) {
  peer.send(together(lab_, messages));
}

std::optional<std::string> Talk::hear() {
  if (!has_frames(lab_)) return peer.incoming.until("\n");
  if (!peer.incoming.has(kHeader)) return std::nullopt;
  const std::size_t length = length_of(peer.incoming.rest());
  if (!peer.incoming.has(kHeader + length)) return std::nullopt;
  std::string message(peer.incoming.rest().substr(kHeader, length));
  peer.incoming.take(kHeader + length);
  return message;
}

Outcome Talk::hears(std::string_view message) {
  return peer.receives(on_the_wire(lab_, message));
}

Outcome Talk::hears_in_a_row(const std::vector<std::string>& messages) {
  return peer.receives(together(lab_, messages));
}

Outcome Talk::is_asked(std::string_view what) {
  const std::optional<std::string> said = hear();
  return is_for_a_person(said, "ASK " + std::string(what), what_came(lab_, peer.incoming));
}

Outcome Talk::is_refused() {
  const std::optional<std::string> said = hear();
  return is_for_a_person(said, "ERR", what_came(lab_, peer.incoming));
}

std::string Talk::hear_token() {
  constexpr std::string_view kBegin = "TOKEN ";
  const std::optional<std::string> said = hear();
  return said && said->starts_with(kBegin) ? said->substr(kBegin.size()) : "";
}

Outcome Talk::ends() {
  Incoming& incoming = peer.incoming;
  wait_until([&] { return incoming.finished() || !incoming.rest().empty(); });
  if (!incoming.rest().empty()) {
    return Outcome::fails("the end was expected, \"" + excerpt(incoming.rest()) + "\" came");
  }
  const bool has_ended = incoming.finished();
  peer.close();  // which ends what comes, too
  return Outcome::of(has_ended, "the end was expected, and did not come");
}

}  // namespace grade
