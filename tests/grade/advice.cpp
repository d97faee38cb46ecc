#include "advice.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "check.hpp"

namespace grade::advice {
namespace {

// The first that fits is taken: a lab from `first` to `last`, with one of these words in the title
// and in what is said of the failure, and with the others there as well. An empty word fits.
struct Known {
  int first;
  int last;
  std::string_view title;
  std::string_view words;
  std::string_view hint;
  std::string_view others = {};
};

constexpr std::string_view kNothingCame =
    "nothing at all came back: it waits for a whole line or a full buffer where it should take "
    "what "
    "is there, or what it wrote is still in a buffer of its own (flush)";

constexpr std::string_view kReset =
    "a client may leave by a reset: recv() then fails with ECONNRESET, which is this client's end "
    "and not the server's";

constexpr std::string_view kBrokenPipe =
    "a write to a connection that the peer has closed brings SIGPIPE or EPIPE: send with "
    "MSG_NOSIGNAL, and take the error for this client's end";

constexpr std::string_view kFrame =
    "a frame is 4 bytes, the payload's length in bytes, big-endian, and as many bytes of payload: "
    "there are other headers (2 bytes of Java's writeUTF(), little-endian ones)";

constexpr std::string_view kAccept =
    "while no descriptor is free accept() fails, again and again: tell it, pause a little, and try "
    "again";

// The words for a program that an error has ended, caught by nobody or told.
constexpr std::string_view kCrashed = " was ended by ";
constexpr std::string_view kHasFailed = " has ended: exit 1";

constexpr std::array kKnown = {
    Known{1, 10, "client: ", "came      \"> ",
          "the prompt belongs to standard error, and is shown only where standard input is a "
          "terminal"},
    Known{1, 10, "shows the prompt", "",
          "the prompt belongs to standard error, and is shown only where standard input is a "
          "terminal"},
    Known{
        1, 10, "output that cannot be written", "",
        "standard output is /dev/full here, which takes nothing: the write fails, or the flush at "
        "the end of the program, which has to be looked at as well"},
    Known{5, 5, "cannot say it", "",
          "standard output is /dev/full here, which takes nothing: flush, and look whether it "
          "failed"},
    Known{1, 10, "says send when", "",
          "`send` is said when the write has succeeded: a buffer, or a writer that keeps errors to "
          "itself (PrintWriter), hides that it failed"},
    Known{1, 10, "", "the server exit 130",
          "exit 130 and 143 are a runtime's (Java's, a shell's) whom SIGINT or SIGTERM ended: take "
          "the signal yourself, say `stop`, and exit with 0"},
    Known{1, 10, "", "the server exit 143",
          "exit 130 and 143 are a runtime's (Java's, a shell's) whom SIGINT or SIGTERM ended: take "
          "the signal yourself, say `stop`, and exit with 0"},
    Known{1, 10, "", "the client exit 130",
          "exit 130 is a runtime's own answer to the signal: let the system end the program (java "
          "-Xrs), or restore the signal's default and send it to yourself again"},
    Known{1, 10, "", "the client exit 143",
          "exit 143 is a runtime's own answer to the signal: let the system end the program (java "
          "-Xrs), or restore the signal's default and send it to yourself again"},
    Known{1, 10, "SIGINT and SIGTERM", "reentrant call",
          "a handler comes in the middle of anything, of another print() too: let it only note the "
          "signal, or take signals in a thread of their own (sigwait)"},
    Known{1, 10, "SIGINT and SIGTERM", "runs on after the signal",
          "a signal that comes just before a call that waits does not wake it: wait for both with "
          "poll() (signalfd, a pipe that the handler writes to), or take signals in a thread of "
          "their own (sigwait)"},
    Known{1, 10, "SIGINT and SIGTERM", "`stop` is to be said once",
          "once `stop` is said nobody else may say anything, no other thread either"},
    Known{1, 10, "further signals", "ended by a signal: Interrupt",
          "block or ignore further signals as soon as the first is there, to the very end"},
    Known{1, 10, "further signals", "ended by a signal: Terminated",
          "block or ignore further signals as soon as the first is there, to the very end"},
    Known{1, 10, "accept that fails", "", kAccept},
    Known{9, 9, "without a free descriptor", " and is busy", kAccept},
    Known{
        2, 7, "20 MB", "computes",
        "what has come is looked through anew for each portion, and takes longer and longer: look "
        "at the portion only"},
    Known{1, 10, "client: ", "ConnectionResetError",
          "a server that is gone may be found by ECONNRESET, of send() and of recv(): an error and "
          "exit 1"},
    Known{5, 5, "", "not said: [server] listen",
          "the message names the port that the socket is bound to, not the one that was wanted"},
    Known{8, 9, "", "unpack requires a buffer",
          "one recv() for the header or the body is not enough: go on until all is there"},
    Known{8, 9, "", "UnicodeDecodeError",
          "decode a payload when it is there whole; one that is no UTF-8 is told as an error"},
    Known{8, 9, "", "which begins a frame of", kFrame},
    Known{8, 9, "", "byte 0 of ", kFrame, "expected  \"\\x00\\x00"},
    Known{8, 9, "", "byte 1 of ", kFrame, "expected  \"\\x00\\x00"},
    Known{1, 10, "", "UnicodeDecodeError",
          "the labs carry bytes: decode nothing that has to go back as it came; a character may be "
          "cut in two by the border of a portion"},
    Known{1, 10, "", "Broken pipe", kBrokenPipe, kCrashed},
    Known{1, 10, "", "Broken pipe", kBrokenPipe, kHasFailed},
    Known{
        1, 10, "TIME_WAIT", "",
        "setsockopt(SO_REUSEADDR) before bind(): connections of the server before are in TIME_WAIT "
        "for a minute"},
    Known{5, 5, "restart", "",
          "without SO_REUSEADDR a port is busy for a minute after every restart"},
    Known{
        1, 10, "", "the end: reset",
        "a reset (RST) comes instead of a close if a socket is closed while bytes that came for it "
        "are unread, or if its program dies: read to the end before you close"},
    Known{
        1, 10, "", "is gone: reset",
        "a reset (RST) comes instead of a close if a socket is closed while bytes that came for it "
        "are unread, or if its program dies: read to the end before you close"},
    Known{1, 10, "", "a connection to [::1]",
          "127.0.0.1 is IPv4 and ::1 is IPv6: the program is at one of them only"},
    Known{1, 1, "portion", "only 0 of", kNothingCame, "the server waits in"},
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
    Known{
        4, 9, "server: ", "said: nothing",
        "nothing is in server.log while the server runs: each line has to be there when it is said "
        "(flush)",
        "the server waits in"},
    Known{4, 4, "", "the log is empty",
          "a line is in the log as soon as it is said: write it, or flush"},
    Known{9, 9, "processor", "server stdin <- (the end)",
          "a console at its end is readable for good, and read() returns 0: ask poll() about it no "
          "more",
          " and is busy"},
    Known{2, 9, "leave no descriptor open", "descriptors are open after",
          "every accepted socket is closed, after an error too"},
    Known{2, 9, "however", "",
          "a recv() is not a line: collect bytes until the newline, keep what "
          "follows it"},
    Known{2, 5, "line exit", "",
          "compare the whole line with `exit`, after it has been cut out of the stream"},
    Known{1, 10, "one write", "",
          "build the line first, newline included, and write it in one call"},
    Known{3, 5, "asks again", "was not refused",
          "check the answer before it is used: digits alone, 1 to 65535; and "
          "ask until it is one"},
    Known{3, 5, "end of input", kCrashed,
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
    Known{8, 9, "cut in two", "",
          "one recv() for the header or the body is not enough: go on until all is there"},
    Known{8, 9, "length 0", "",
          "an empty message is a message; only recv() returning 0 is the end"},
    Known{8, 9, "announces", "", "look at the length before anything is allocated for it"},
    Known{8, 9, "system call", "", "header and payload in one buffer, or by writev() or sendmsg()"},
    Known{9, 9, "delays nobody", "",
          "no call in the loop may wait for one client: nonblocking sockets, "
          "and a queue for each"},
    Known{1, 9, "server: ", "only 0 of", kNothingCame, "the server waits in"},
    Known{1, 10, "server: ", "Connection reset by peer", kReset, kCrashed},
    Known{1, 10, "server: ", "Connection reset by peer", kReset, kHasFailed},
    Known{1, 10, "server: ", "ConnectionResetError", kReset, kCrashed},
    Known{1, 10, "server: ", "ConnectionResetError", kReset, kHasFailed},
};

// What the grader's own call failed with says nothing of the program's.
bool is_the_graders(const std::string& line) {
  return line.find(" takes no more: ") != std::string::npos;
}

bool contains(const std::vector<std::string>& lines, std::string_view words) {
  return std::ranges::any_of(lines, [&](const std::string& line) {
    return line.find(words) != std::string::npos && !is_the_graders(line);
  });
}

bool is_told(std::string_view words, const CheckResult& check,
             const std::vector<std::string>& steps) {
  bool told = check.summary.find(words) != std::string::npos;
  for (const Section& section : check.reasons) told = told || contains(section.lines, words);
  return told || contains(steps, words);
}

}  // namespace

std::string hint(const Lab& lab, const CheckResult& check, const std::vector<std::string>& steps) {
  for (const Known& known : kKnown) {
    if (lab.number < known.first || lab.number > known.last) continue;
    if (check.title.find(known.title) == std::string::npos) continue;
    if (is_told(known.words, check, steps) && is_told(known.others, check, steps)) {
      return std::string(known.hint);
    }
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
