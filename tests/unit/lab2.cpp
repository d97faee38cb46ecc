// The headers of lab 2: lines, out of a stream that is cut anywhere, a connection, or standard
// input.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "descriptors.hpp"
#include "lab2_persistent/input_lines.hpp"
#include "lab2_persistent/line_decoder.hpp"
#include "lab2_persistent/line_socket.hpp"
#include "waiting.hpp"

using std::string_literals::operator""s;

namespace {

using Lines = std::vector<std::string>;

// The conversation that is cut in all ways: both ends of line, empty lines, "\r" in odd places,
// characters of several bytes, a NUL, and a last line without an end.
const std::string kConversation = "hello\r\n\nПривет\n\r\na\rb\n\r\r\n𝄞\0\nexit\nlast"s;
const Lines kLines = {"hello\r", "", "Привет", "\r", "a\rb", "\r\r", "𝄞\0"s, "exit", "last"};

// The lines in bytes that arrive in these pieces, and then end.
Lines decode(std::initializer_list<std::string_view> pieces) {
  LineDecoder decoder;
  Lines lines;
  for (const std::string_view piece : pieces) {
    decoder.append(as_bytes(piece));
    while (auto line = decoder.next()) lines.push_back(std::move(*line));
  }
  if (auto rest = decoder.rest()) lines.push_back(std::move(*rest));
  return lines;
}

constexpr std::size_t kLimit = 65'536;
const std::string kLongest(kLimit, 'x');

LineDecoder decoder_with(std::string_view text) {
  LineDecoder decoder(kLimit);
  decoder.append(as_bytes(text));
  return decoder;
}

// A terminal: what is written to `keyboard` is typed, and a program reads it from `line`.
struct Terminal {
  Descriptor keyboard;
  Descriptor line;
};
Terminal open_terminal() {
  Descriptor keyboard(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  check("grantpt", ::grantpt(keyboard.number()));
  check("unlockpt", ::unlockpt(keyboard.number()));
  std::array<char, 64> name{};
  REQUIRE(::ptsname_r(keyboard.number(), name.data(), name.size()) == 0);
  Descriptor line(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  return {std::move(keyboard), std::move(line)};
}
constexpr std::string_view kControlD = "\4";

}  // namespace

TEST_CASE("a carriage return at the end of a line belongs to the end, and one only") {
  CHECK(without_carriage_return("line\r") == "line");
  CHECK(without_carriage_return("line") == "line");
  CHECK(without_carriage_return("line\r\r") == "line\r");
  CHECK(without_carriage_return("\rli\rne") == "\rli\rne");
  CHECK(without_carriage_return("\r") == "");
  CHECK(without_carriage_return("") == "");
}

TEST_CASE("all lines may arrive in one piece") {
  CHECK(decode({kConversation}) == kLines);
}

TEST_CASE("a conversation of lines may be cut anywhere") {
  const std::string_view all = kConversation;
  bool same = true;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    same = same && decode({all.substr(0, cut), all.substr(cut)}) == kLines;
  }
  CHECK(same);
}

TEST_CASE("a conversation of lines may be cut in any two places") {
  const std::string_view all = kConversation;
  bool same = true;
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (std::size_t second = first; second <= all.size(); ++second) {
      same = same && decode({all.substr(0, first), all.substr(first, second - first),
                             all.substr(second)}) == kLines;
    }
  }
  CHECK(same);
}

TEST_CASE("a line is given out with its last byte, not before and not later") {
  LineDecoder decoder;
  Lines lines;
  for (const char& byte : kConversation) {
    decoder.append(as_bytes({&byte, 1}));
    const auto line = decoder.next();
    CHECK(line.has_value() == (byte == '\n'));
    if (line) lines.push_back(*line);
  }
  CHECK(decoder.rest() == kLines.back());
  lines.push_back(kLines.back());
  CHECK(lines == kLines);
}

TEST_CASE("the rest is what the end of the stream has cut off, and is given out once") {
  LineDecoder decoder;
  CHECK(decoder.rest() == std::nullopt);
  decoder.append(as_bytes("one\ntwo"));
  CHECK(decoder.next() == "one");
  CHECK(decoder.next() == std::nullopt);
  CHECK(decoder.rest() == "two");
  CHECK(decoder.rest() == std::nullopt);
  decoder.append(as_bytes("3\n"));  // shorter than what was searched before
  CHECK(decoder.next() == "3");
  CHECK(decoder.next() == std::nullopt);
  CHECK(decoder.rest() == std::nullopt);
}

TEST_CASE("a line may be as long as the limit, its end not counted") {
  LineDecoder decoder = decoder_with(kLongest);
  CHECK(decoder.next() == std::nullopt);
  SUBCASE("with \\n") {
    decoder.append(as_bytes("\nnext\n"));
    CHECK((decoder.next() == kLongest));
    CHECK(decoder.next() == "next");
  }
  SUBCASE("with \\r\\n, in two pieces") {
    decoder.append(as_bytes("\r"));
    CHECK(decoder.next() == std::nullopt);  // it may be the end of the line
    decoder.append(as_bytes("\n"));
    CHECK((decoder.next() == kLongest + "\r"));
  }
  SUBCASE("without an end") {
    CHECK((decoder.rest() == kLongest));
  }
}

TEST_CASE("a line above the limit is refused as soon as it is certain") {
  CHECK_THROWS_WITH_AS(decoder_with(kLongest + "x").next(), "a line is longer than 65536 bytes",
                       ProtocolError);
  CHECK_THROWS_AS(decoder_with(kLongest + "x\n").next(), ProtocolError);
  CHECK_THROWS_AS(decoder_with(kLongest + "\r\r").next(), ProtocolError);
  CHECK_THROWS_AS(decoder_with(kLongest + "\r\r\n").next(), ProtocolError);

  LineDecoder decoder = decoder_with(kLongest + "\r");
  CHECK(decoder.next() == std::nullopt);
  decoder.append(as_bytes("x"));
  CHECK_THROWS_AS(decoder.next(), ProtocolError);
}

TEST_CASE("the lines before one that is too long are given out, and do not count") {
  LineDecoder decoder = decoder_with(kLongest + "\n" + kLongest + "\nshort\n" + kLongest + "x");
  CHECK((decoder.next() == kLongest));
  CHECK((decoder.next() == kLongest));
  CHECK(decoder.next() == "short");
  CHECK_THROWS_AS(decoder.next(), ProtocolError);
}

TEST_CASE("a line of 8 MB arrives whole in small pieces") {
  const std::string line(8'000'000, 'x');
  LineDecoder decoder;
  for (std::string_view left = line; !left.empty();) {
    const std::string_view piece = left.substr(0, kPortion);
    decoder.append(as_bytes(piece));
    REQUIRE_FALSE(decoder.next());
    left.remove_prefix(piece.size());
  }
  decoder.append(as_bytes("\n"));
  CHECK((decoder.next() == line));
}

TEST_CASE("LineSocket sends a line and its end in one call") {
  auto [ours, theirs] = local_connection(SOCK_SEQPACKET);
  LineSocket sender(std::move(ours), kLimit, [](std::size_t) {});
  for (const std::string& line : {"hello"s, ""s, "Привет"s, "a\0b\r"s}) {
    sender.send_message(line);
    CHECK(receive_packet(theirs) == line + "\n");
  }
}

TEST_CASE_FIXTURE(OverTcp, "LineSocket gives out line after line, the last without an end too") {
  LineSocket receiver(std::move(ours), kLimit, [](std::size_t) {});
  theirs.send_all(as_bytes(kConversation));
  close(std::move(theirs));
  for (const std::string& line : kLines) {
    CHECK(receiver.receive_message() == line);
    CHECK(receiver.cut_off() == (line == "last"));
  }
  CHECK(receiver.receive_message() == std::nullopt);
  CHECK(receiver.receive_message() == std::nullopt);
  CHECK_FALSE(receiver.cut_off());
}

TEST_CASE_FIXTURE(OverTcp, "LineSocket does not wait for more than the line it gives out") {
  LineSocket receiver(std::move(ours), kLimit, [](std::size_t) {});
  theirs.send_all(as_bytes("now\nla"));
  CHECK(receiver.receive_message() == "now");
  theirs.send_all(as_bytes("ter\n"));
  CHECK(receiver.receive_message() == "later");
}

TEST_CASE_FIXTURE(OverTcp, "LineSocket receives portions of 1024 bytes at most, and tells each") {
  std::vector<std::size_t> portions;
  LineSocket receiver(std::move(ours), kLimit, [&](std::size_t size) { portions.push_back(size); });
  theirs.send_all(as_bytes(kLongest + "\nnext\n"));
  CHECK((receiver.receive_message() == kLongest));
  CHECK(receiver.receive_message() == "next");
  CHECK(std::accumulate(portions.begin(), portions.end(), std::size_t{0}) == kLimit + 6);
  CHECK(std::ranges::max(portions) <= 1024);
  CHECK(std::ranges::min(portions) > 0);
}

TEST_CASE_FIXTURE(OverTcp, "LineSocket does not wait for the end of a line that is too long") {
  LineSocket receiver(std::move(ours), 100, [](std::size_t) {});
  theirs.send_all(as_bytes("good\n" + std::string(101, 'x')));  // and stays connected
  CHECK(receiver.receive_message() == "good");
  CHECK_THROWS_AS(receiver.receive_message(), ProtocolError);
}

TEST_CASE_FIXTURE(OverTcp, "LineSocket tells a reset, also in a line") {
  LineSocket receiver(std::move(ours), kLimit, [](std::size_t) {});
  theirs.send_all(as_bytes("hal"));
  reset(std::move(theirs));
  CHECK(error_of([&] { receiver.receive_message(); }) == ECONNRESET);
}

TEST_CASE_FIXTURE(OverTcp, "LineSockets understand each other, in a line of 1 MB too") {
  LineSocket here(std::move(ours), 1'000'000, [](std::size_t) {});
  LineSocket there(std::move(theirs), 1'000'000, [](std::size_t) {});
  const std::string longest(1'000'000, 'x');
  Worker sender([&] {
    here.send_message(longest);
    here.send_message("next");
  });
  CHECK((there.receive_message() == longest));
  CHECK(there.receive_message() == "next");
  sender.finish();
  there.send_message("");
  CHECK(here.receive_message() == "");
}

TEST_CASE("InputLines gives out the lines of a file, the last without an end too") {
  const std::string longest(1'000'000, 'x');
  const Redirected input(STDIN_FILENO, memory_file(kConversation + longest));
  InputLines lines;
  for (std::size_t i = 0; i + 1 < kLines.size(); ++i) CHECK(lines.next() == kLines[i]);
  CHECK((lines.next() == "last" + longest));
  CHECK(lines.next() == std::nullopt);
  CHECK(lines.next() == std::nullopt);
}

TEST_CASE("InputLines of nothing has no line") {
  const Redirected input(STDIN_FILENO, memory_file());
  InputLines lines;
  CHECK(lines.next() == std::nullopt);
}

TEST_CASE("InputLines gives out a line of a pipe before the next one is there") {
  Pipe pipe = make_pipe();
  const Redirected input(STDIN_FILENO, pipe.reading);
  InputLines lines;
  write_all(pipe.writing, "one\ntw");
  CHECK(lines.next() == "one");
  write_all(pipe.writing, "o\n");
  CHECK(lines.next() == "two");
  pipe.writing.close();
  CHECK(lines.next() == std::nullopt);
}

TEST_CASE("InputLines reads no more than it is told to, and gives out what it has read") {
  Pipe pipe = make_pipe();
  const Redirected input(STDIN_FILENO, pipe.reading);
  InputLines lines;
  CHECK(lines.take() == std::nullopt);
  write_all(pipe.writing, "one\ntwo\nla");
  CHECK(lines.take() == std::nullopt);
  lines.read_more();
  CHECK(lines.take() == "one");
  CHECK(lines.next() == "two");
  CHECK(lines.take() == std::nullopt);
  write_all(pipe.writing, "st");
  pipe.writing.close();
  lines.read_more();
  CHECK(lines.take() == std::nullopt);
  CHECK_FALSE(lines.ended());
  lines.read_more();
  CHECK(lines.ended());
  CHECK(lines.take() == "last");
  CHECK(lines.take() == std::nullopt);
}

TEST_CASE("InputLines has ended for good when Ctrl-D was typed, though a terminal goes on") {
  const Terminal terminal = open_terminal();
  const Redirected input(STDIN_FILENO, terminal.line);
  InputLines lines;
  write_all(terminal.keyboard, "one\n");
  CHECK(lines.next() == "one");
  SUBCASE("at the beginning of a line") {
    write_all(terminal.keyboard, kControlD);
  }
  SUBCASE("after a part of a line, twice") {
    write_all(terminal.keyboard, "part");
    write_all(terminal.keyboard, kControlD);
    write_all(terminal.keyboard, kControlD);
    CHECK(lines.next() == "part");
  }
  CHECK(lines.next() == std::nullopt);
  write_all(terminal.keyboard, "too late\n");
  CHECK(lines.next() == std::nullopt);
}

TEST_CASE("InputLines tells an input that cannot be read") {
  const Redirected input(STDIN_FILENO, Descriptor(::open("/", O_RDONLY | O_CLOEXEC)));
  InputLines lines;
  CHECK_THROWS_AS(lines.next(), std::system_error);
}
