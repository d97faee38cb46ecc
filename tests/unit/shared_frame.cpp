// Frames: the bytes of one, and the messages in a stream of them, however the stream is cut.
// FramedSocket: the same over a connection.

#include "shared/frame.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "shared/framed_socket.hpp"
#include "waiting.hpp"

using std::string_literals::operator""s;

namespace {

std::atomic<std::size_t> largest_request = 0;  // bytes, of all `new` since it was set to 0

using Messages = std::vector<std::string>;

// The messages in bytes that arrive in these pieces.
Messages decode(std::initializer_list<std::string_view> pieces) {
  FrameDecoder decoder;
  Messages messages;
  for (const std::string_view piece : pieces) {
    decoder.append(as_bytes(piece));
    while (auto message = decoder.next()) messages.push_back(std::move(*message));
  }
  CHECK_FALSE(decoder.in_frame());
  return messages;
}

// A frame that says what it likes, true or not.
std::string frame(std::initializer_list<unsigned char> header, std::string_view payload = {}) {
  return std::string(header.begin(), header.end()).append(payload);
}

// The conversation that is cut in all ways: an empty message, some characters of every length,
// a NUL, a newline, and a message that looks like a header.
const Messages kConversation = {"", "hello", "Привет", "€ 𝄞", "a\0b\n"s, "", "\0\0\0\5"s};

std::string conversation_in_bytes() {
  std::string bytes;
  for (const std::string& message : kConversation) bytes += encode_frame(message);
  return bytes;
}

}  // namespace

// The program's own `new`, which remembers. Not inlined: g++ would take free() for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (size > largest_request) largest_request = size;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

TEST_CASE("a frame is the payload's length in bytes, four of them, big-endian, and the payload") {
  CHECK(encode_frame("hello") == "\0\0\0\5hello"s);
  CHECK(encode_frame("") == "\0\0\0\0"s);
  CHECK(encode_frame("Привет").substr(0, 4) == frame({0, 0, 0, 12}));  // 6 characters
  CHECK(encode_frame("a\0b"s) == "\0\0\0\3a\0b"s);
  CHECK(encode_frame(std::string(0x100, 'x')).substr(0, 5) == frame({0, 0, 1, 0}, "x"));
  CHECK(encode_frame(std::string(0x0a0b0c, 'x')).substr(0, 5) == frame({0, 0x0a, 0x0b, 0x0c}, "x"));
}

TEST_CASE("a frame is as long as it may be, and no longer") {
  const std::string longest(1'048'576, 'x');
  CHECK(encode_frame(longest) == frame({0, 0x10, 0, 0}, longest));
  CHECK_THROWS_AS(encode_frame(longest + "x"), std::invalid_argument);
  CHECK_THROWS_WITH(encode_frame(longest + "x"),
                    "a message of 1048577 bytes is longer than 1048576");
}

TEST_CASE("only UTF-8 becomes a frame") {
  for (const char* const wrong : {"\xff", "abc\xd0", "\xc0\x80", "\xed\xa0\x80"}) {
    CHECK_THROWS_AS(encode_frame(wrong), std::invalid_argument);
  }
}

TEST_CASE("all frames may arrive in one piece") {
  CHECK(decode({conversation_in_bytes()}) == kConversation);
}

TEST_CASE("a conversation may be cut anywhere") {
  const std::string bytes = conversation_in_bytes();
  const std::string_view all = bytes;
  bool same = true;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    same = same && decode({all.substr(0, cut), all.substr(cut)}) == kConversation;
  }
  CHECK(same);
}

TEST_CASE("a conversation may be cut in any two places") {
  const std::string bytes = conversation_in_bytes();
  const std::string_view all = bytes;
  bool same = true;
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (std::size_t second = first; second <= all.size(); ++second) {
      same = same && decode({all.substr(0, first), all.substr(first, second - first),
                             all.substr(second)}) == kConversation;
    }
  }
  CHECK(same);
}

TEST_CASE("a message is given out with its last byte, not before and not later") {
  FrameDecoder decoder;
  Messages messages;
  for (const std::string& message : kConversation) {
    const std::string bytes = encode_frame(message);
    for (const char& byte : bytes) {
      CHECK(decoder.next() == std::nullopt);
      decoder.append(as_bytes({&byte, 1}));
      CHECK(decoder.in_frame());
    }
    CHECK(decoder.next() == message);
    CHECK_FALSE(decoder.in_frame());
  }
}

TEST_CASE("the decoder knows a stream that ends in the middle of a frame") {
  const std::string whole = encode_frame("hello");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FrameDecoder decoder;
    decoder.append(as_bytes(whole));
    decoder.append(as_bytes(std::string_view(whole).substr(0, size)));
    CHECK(decoder.next() == "hello");
    CHECK(decoder.next() == std::nullopt);
    CHECK(decoder.in_frame() == (size > 0));
  }
}

TEST_CASE("what has been given out is wiped: it may be a password") {
  FrameDecoder decoder;
  // So short a text is held in the decoder itself, where it can be looked for.
  const auto holds = [&decoder](std::string_view text) {
    return as_text(std::as_bytes(std::span(&decoder, 1))).find(text) != std::string_view::npos;
  };
  decoder.append(as_bytes(encode_frame("secret")));
  CHECK(holds("secret"));
  CHECK(decoder.next() == "secret");
  CHECK_FALSE(holds("ecret"));
}

TEST_CASE("a decoder leaves nothing when it ends, of half a frame neither") {
  alignas(FrameDecoder) std::array<char, sizeof(FrameDecoder)> memory{};
  auto* const decoder = new (memory.data()) FrameDecoder;
  decoder->append(as_bytes(std::string_view(encode_frame("a secret")).substr(0, 11)));
  CHECK(std::string_view(memory.data(), memory.size()).find("secre") != std::string_view::npos);
  std::destroy_at(decoder);
  CHECK(std::string_view(memory.data(), memory.size()).find("ecre") == std::string_view::npos);
}

TEST_CASE("the longest message arrives, with what follows it") {
  const std::string longest(1'048'576, 'x');
  const std::string bytes = encode_frame(longest) + encode_frame("next");
  CHECK((decode({bytes}) == Messages{longest, "next"}));
}

TEST_CASE("a length above the limit is refused at its header, before memory is taken for it") {
  FrameDecoder decoder;
  std::string header;
  SUBCASE("one byte above") {
    header = frame({0, 0x10, 0, 1});
  }
  SUBCASE("a little-endian 1") {
    header = frame({1, 0, 0, 0});
  }
  SUBCASE("what would be negative, were it signed") {
    header = frame({0x80, 0, 0, 0});
  }
  SUBCASE("4 GiB, less a byte") {
    header = frame({0xff, 0xff, 0xff, 0xff});
  }
  largest_request = 0;
  decoder.append(as_bytes(std::string_view(header).substr(0, 3)));
  const bool early = decoder.next().has_value();
  decoder.append(as_bytes(std::string_view(header).substr(3)));
  bool refused = false;
  try {
    decoder.next();
  } catch (const ProtocolError&) {
    refused = true;
  }
  const std::size_t largest = largest_request;
  CHECK_FALSE(early);
  CHECK(refused);
  CHECK(largest < 1024);
}

TEST_CASE("a payload that is no UTF-8 is refused, the frames before it are not") {
  FrameDecoder decoder;
  decoder.append(as_bytes(encode_frame("hello")));
  SUBCASE("overlong in two bytes") {
    decoder.append(as_bytes("\0\0\0\2\xc0\xaf"s));
  }
  SUBCASE("overlong in three bytes") {
    decoder.append(as_bytes("\0\0\0\3\xe0\x80\xaf"s));
  }
  SUBCASE("overlong in four bytes") {
    decoder.append(as_bytes("\0\0\0\4\xf0\x80\x80\xaf"s));
  }
  SUBCASE("a surrogate") {
    decoder.append(as_bytes("\0\0\0\3\xed\xa0\x80"s));
  }
  SUBCASE("above U+10FFFF") {
    decoder.append(as_bytes("\0\0\0\4\xf4\x90\x80\x80"s));
  }
  SUBCASE("a stray continuation byte") {
    decoder.append(as_bytes("\0\0\0\1\x80"s));
  }
  SUBCASE("a byte that never occurs") {
    decoder.append(as_bytes("\0\0\0\1\xff"s));
  }
  SUBCASE("a character cut by the frame's end, and finished by the next frame") {
    decoder.append(as_bytes("\0\0\0\1\xd0\0\0\0\1\x9f"s));
  }
  CHECK(decoder.next() == "hello");
  CHECK_THROWS_AS(decoder.next(), ProtocolError);
}

TEST_CASE("FramedSocket sends header and payload in one call") {
  auto [ours, theirs] = local_connection(SOCK_SEQPACKET);
  FramedSocket sender(std::move(ours));
  for (const std::string& message : kConversation) {
    sender.send_message(message);
    CHECK(receive_packet(theirs) == encode_frame(message));
  }
}

TEST_CASE_FIXTURE(OverTcp, "FramedSocket gives out message after message, then the end") {
  FramedSocket receiver(std::move(ours));
  theirs.send_all(as_bytes(conversation_in_bytes()));
  close(std::move(theirs));
  for (const std::string& message : kConversation) CHECK(receiver.receive_message() == message);
  CHECK(receiver.receive_message() == std::nullopt);
  CHECK(receiver.receive_message() == std::nullopt);
}

TEST_CASE_FIXTURE(OverTcp, "FramedSocket does not wait for more than the message it gives out") {
  FramedSocket receiver(std::move(ours));
  theirs.send_all(as_bytes(encode_frame("now") + encode_frame("later").substr(0, 6)));
  CHECK(receiver.receive_message() == "now");
  theirs.send_all(as_bytes(encode_frame("later").substr(6)));
  CHECK(receiver.receive_message() == "later");
}

TEST_CASE_FIXTURE(OverTcp, "FramedSockets understand each other, in the longest message too") {
  FramedSocket here(std::move(ours));
  FramedSocket there(std::move(theirs));
  Messages sent = kConversation;
  sent.emplace_back(1'048'576, 'x');
  sent.emplace_back("next");
  Worker sender([&] {
    for (const std::string& message : sent) here.send_message(message);
  });
  for (const std::string& message : sent) CHECK((there.receive_message() == message));
  sender.finish();
  there.send_message("");
  CHECK(here.receive_message() == "");
}

TEST_CASE_FIXTURE(OverTcp,
                  "FramedSocket refuses to send what is no message, and sends none of it") {
  {
    FramedSocket sender(std::move(ours));
    CHECK_THROWS_AS(sender.send_message(std::string(1'048'577, 'x')), std::invalid_argument);
    CHECK_THROWS_AS(sender.send_message("\xff"), std::invalid_argument);
    sender.send_message("good");
  }
  CHECK(receive_until_end(theirs) == encode_frame("good"));
}

TEST_CASE_FIXTURE(OverTcp, "FramedSocket tells a close between frames from one in a frame") {
  FramedSocket receiver(std::move(ours));
  std::string cut_off;
  SUBCASE("in the first header") {
    cut_off = "\0\0"s;
  }
  SUBCASE("after a header") {
    cut_off = encode_frame("before") + "\0\0\0\5"s;
  }
  SUBCASE("in a payload") {
    cut_off = encode_frame("before") + "\0\0\0\5hell"s;
  }
  theirs.send_all(as_bytes(cut_off));
  close(std::move(theirs));
  if (cut_off.size() > 4) CHECK(receiver.receive_message() == "before");
  CHECK_THROWS_AS(receiver.receive_message(), ProtocolError);
}

TEST_CASE_FIXTURE(OverTcp, "FramedSocket tells a reset, also in a frame") {
  FramedSocket receiver(std::move(ours));
  theirs.send_all(as_bytes("\0\0\0\5hell"s));
  reset(std::move(theirs));
  CHECK(error_of([&] { receiver.receive_message(); }) == ECONNRESET);
}

TEST_CASE_FIXTURE(OverTcp, "FramedSocket does not wait for a payload that it refuses") {
  FramedSocket receiver(std::move(ours));
  theirs.send_all(as_bytes(frame({0xff, 0xff, 0xff, 0xff})));  // and stays connected
  largest_request = 0;
  bool refused = false;
  try {
    receiver.receive_message();
  } catch (const ProtocolError&) {
    refused = true;
  }
  const std::size_t largest = largest_request;
  CHECK(refused);
  CHECK(largest < 1024);
}
