// Service messages: "[server] EVENT: explanation", a line each, on standard error or (a server's,
// from lab 4 on) in a log, there with the time before them.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grade {

struct Message {
  std::string event;
  std::string explanation;
};

// A line as a message. It may have something before it: a prompt, or the time in a log.
// `role` is "server" or "client".
std::optional<Message> parse_message(std::string_view line, std::string_view role);

// The first number of "N bytes from ..." and "N bytes to ..."; std::nullopt if there is none.
std::optional<std::size_t> bytes_of(const Message& message);

// "start listen connect receive send": one word a message; of equal neighbours one.
std::string events_of(const std::vector<Message>& messages);

// What is wrong with a line of a log, empty if nothing: it has to be
// "2026-11-22T13:02:11.123+03:00 [server] EVENT: explanation", without control characters.
std::string flaw_of_log_line(std::string_view line);

// The time of such a line, in milliseconds since 1970.
long long time_of_log_line(std::string_view line);

}  // namespace grade
