// What a datagram looks like: a first line "VERB arguments", then for SAY, MSG and NOTE a newline
// and a text.
//
//   SAY 2f1c...9a 17
//   Good evening, all!
//
// A datagram arrives whole or not at all, so nothing has to say where it ends. At most 1,200 bytes:
// with the headers of IP and UDP they fit into one packet of every network on the way (IPv6 wants
// 1,280 of each). A longer one is sent in fragments, and is lost if one of them is.

#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "shared/utf8.hpp"

constexpr std::size_t kMaxDatagram = 1200;  // bytes
constexpr std::size_t kMaxText = 1000;      // bytes
constexpr std::size_t kMaxNick = 32;        // characters

// The parts of a datagram that has been received; views of its bytes.
struct Datagram {
  std::string_view verb;
  std::string_view arguments;            // without the space before them
  std::optional<std::string_view> text;  // if there was a newline
};

// One line of a chat, of any length: UTF-8, and no control character but tab.
inline bool is_line(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto character = take_code_point(text);
    if (!character || (is_control(*character) && *character != '\t')) return false;
  }
  return true;
}

// 1 to 32 characters, no space, no control character. "..." stands for more nicks in MEMBERS.
inline bool is_nick(std::string_view nick) noexcept {
  if (nick.empty() || nick == "...") return false;
  std::size_t characters = 0;
  while (!nick.empty()) {
    const auto character = take_code_point(nick);
    if (!character || is_control(*character) || *character == ' ') return false;
    ++characters;
  }
  return characters <= kMaxNick;
}

// std::nullopt if it is too long, is no UTF-8, or has a text that is none.
inline std::optional<Datagram> parse_datagram(std::string_view bytes) {
  if (bytes.size() > kMaxDatagram || !is_utf8(bytes)) return std::nullopt;
  Datagram datagram;
  const std::size_t newline = bytes.find('\n');
  if (newline != std::string_view::npos) {
    datagram.text = bytes.substr(newline + 1);
    if (datagram.text->size() > kMaxText || !is_line(*datagram.text)) return std::nullopt;
    bytes = bytes.substr(0, newline);
  }
  const std::size_t space = bytes.find(' ');
  datagram.verb = bytes.substr(0, space);
  if (space != std::string_view::npos) datagram.arguments = bytes.substr(space + 1);
  return datagram;
}

// The arguments, if they are `Count` words with one space between each two.
template <std::size_t Count>
std::optional<std::array<std::string_view, Count>> words(std::string_view arguments) {
  std::array<std::string_view, Count> found;
  for (std::size_t i = 0; i < Count; ++i) {
    const bool last = i + 1 == Count;
    const std::size_t end = last ? arguments.size() : arguments.find(' ');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    found[i] = arguments.substr(0, end);
    arguments.remove_prefix(last ? end : end + 1);
  }
  if (found.back().find(' ') != std::string_view::npos) return std::nullopt;
  return found;
}

// A number of a message: decimal digits and nothing else, from 1.
inline std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, number);
  if (error != std::errc() || end != last || number == 0) return std::nullopt;
  return number;
}
