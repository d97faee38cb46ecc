#include "advice.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "check.hpp"

namespace grade::advice {
namespace {

// The first that fits is taken: a lab from `first` to `last`, with one of these words in the title
// and in what is said of the failure. An empty word fits.
struct Known {
  int first;
  int last;
  std::string_view title;
  std::string_view words;
  std::string_view hint;
};

constexpr std::array kKnown = {
    Known{1, 10, "", "UnicodeDecodeError",
          "the labs carry bytes: decode nothing that has to go back as it came; a character may be "
          "cut in two by the border of a portion"},
    Known{1, 10, "", "Broken pipe",
          "a write to a connection that the peer has closed brings SIGPIPE or EPIPE: send with "
          "MSG_NOSIGNAL, and take the error for this client's end"},
    Known{
        1, 10, "TIME_WAIT", "",
        "setsockopt(SO_REUSEADDR) before bind(): connections of the server before are in TIME_WAIT "
        "for a minute"},
    Known{5, 5, "restart", "",
          "without SO_REUSEADDR a port is busy for a minute after every restart"},
    Known{
        1, 10, "", "Connection reset by peer",
        "a client may leave by a reset: recv() then fails with ECONNRESET, which is this client's "
        "end and not the server's"},
    Known{
        1, 10, "", "ConnectionResetError",
        "a client may leave by a reset: recv() then fails with ECONNRESET, which is this client's "
        "end and not the server's"},
    Known{
        1, 10, "", "reset",
        "a reset (RST) comes instead of a close if a socket is closed while bytes that came for it "
        "are unread, or if its program dies: read to the end before you close"},
    Known{1, 10, "", "[::1]",
          "127.0.0.1 is IPv4 and ::1 is IPv6: the program is at one of them only"},
    Known{1, 1, "client: ", "only",
          "one recv() brings a part of the reply: go on until all of it is back"},
    Known{1, 1, "portion", "only", "send() may take less than it is given: go on with the rest"},
    Known{1, 2, "as it came", "is another one",
          "nothing is added to a portion, and nothing changed"},
    Known{1, 1, "no newline", "",
          "TCP has no messages: return what has come, do not wait for a newline"},
    Known{1, 2, "after another", "",
          "the accept loop goes on when a client has left: its end, or its "
          "error, is not the server's"},
    Known{1, 9, "processor", "",
          "recv() returns 0 at the end of the stream, again and again: close then"},
    Known{1, 9, "descriptor", "", "every accepted socket is closed, after an error too"},
    Known{2, 9, "however", "",
          "a recv() is not a line: collect bytes until the newline, keep what "
          "follows it"},
    Known{2, 5, "line exit", "",
          "compare the whole line with `exit`, after it has been cut out of the stream"},
    Known{1, 10, "one write", "",
          "build the line first, newline included, and write it in one call"},
    Known{3, 5, "asks again", "",
          "check the answer before it is used: digits alone, 1 to 65535; and "
          "ask until it is one"},
    Known{3, 5, "end of input", "",
          "at the end of input reading fails: that is the default, not a crash"},
    Known{3, 10, "families", "",
          "one socket for 0.0.0.0 and one for [::] (IPV6_V6ONLY), or one for both"},
    Known{2, 5, "other line is exit", "", "only the whole line `exit` ends it"},
    Known{4, 4, "kill -9", "",
          "what is in a buffer of the program is lost with it: write each line when "
          "it is said"},
    Known{4, 4, "appended", "", "open with O_APPEND, and without O_TRUNC"},
    Known{4, 10, "forge", "", "a newline in what a peer sent comes out as \\x0a in a message"},
    Known{5, 10, "busy", "",
          "EADDRINUSE, of bind() and of listen(), is the one error that means: the "
          "next port"},
    Known{5, 5, "has got", "", "print the port that the socket is bound to, after listen()"},
    Known{6, 6, "addresses apart", "", "the whole address is the key: 127.0.0.1 is not 127.0.0.12"},
    Known{6, 10, "restart", "", "what was learned is on the disk before OK is said"},
    Known{7, 10, "0600", "", "open(..., O_CREAT, 0600): a chmod() afterwards comes too late"},
    Known{7, 10, "same password", "", "each record has a salt of its own"},
    Known{8, 9, "cut", "",
          "one recv() for the header or the body is not enough: go on until all is there"},
    Known{8, 9, "length 0", "",
          "an empty message is a message; only recv() returning 0 is the end"},
    Known{8, 9, "announces", "", "look at the length before anything is allocated for it"},
    Known{8, 9, "system call", "", "header and payload in one buffer, or by writev() or sendmsg()"},
    Known{9, 9, "delays nobody", "",
          "no call in the loop may wait for one client: nonblocking sockets, "
          "and a queue for each"},
};

bool contains(const std::vector<std::string>& lines, std::string_view words) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

}  // namespace

std::string hint(const Lab& lab, const CheckResult& check, const std::vector<std::string>& steps) {
  for (const Known& known : kKnown) {
    if (lab.number < known.first || lab.number > known.last) continue;
    if (check.title.find(known.title) == std::string::npos) continue;
    bool fits = check.summary.find(known.words) != std::string::npos;
    for (const Section& section : check.reasons)
      fits = fits || contains(section.lines, known.words);
    if (fits || contains(steps, known.words)) return std::string(known.hint);
  }
  return {};
}

std::string where_to_read(const Lab& lab, const std::string& role) {
  return std::string(lab.name) +
         "/README.md: \"Mistakes that everybody makes here\", and what the " + role +
         " does in \"The whole contract of this lab\"";
}

std::string command_for(const Lab& lab, const std::string& title) {
  std::string command = "tests/grade/grade";
  if (!submission::folder().empty()) command += " --submission='" + submission::folder() + "'";
  return command + " --seed=" + std::to_string(chosen_seed()) + " --check='" + title + "' " +
         std::to_string(lab.number);
}

}  // namespace grade::advice
