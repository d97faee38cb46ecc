// The small parts of lab 10: what a datagram is, cookies, times. How nothing is lost is in
// lab10_reliable.cpp, and how a server and its clients get along in lab10_chat.cpp.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab10_udpchat/cookies.hpp"
#include "lab10_udpchat/datagram.hpp"
#include "lab10_udpchat/deadlines.hpp"
#include "lab10_udpchat/pieces.hpp"
#include "lab10_udpchat/repeat.hpp"
#include "lab10_udpchat/secret_word.hpp"
#include "lab10_udpchat/seldom.hpp"
#include "lab10_udpchat/siphash.hpp"
#include "lab10_world.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{std::chrono::hours(1)};

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("SipHash-2-4: the test vectors of its authors") {
  // The key is the bytes 00 01 ... 0f, the message 00 01 ... as long as it says.
  constexpr SipKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const std::vector<std::pair<std::size_t, std::uint64_t>> vectors = {
      {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
      {3, 0x85676696d7fb7e2d},  {4, 0xcf2794e0277187b7},  {5, 0x18765564cd99a68d},
      {6, 0xcbc9466e58fee3ce},  {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
      {9, 0x9e0082df0ba9e4b0},  {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
      {63, 0x958a324ceb064572},
  };
  std::string message;
  for (int i = 0; i < 64; ++i) message.push_back(static_cast<char>(i));
  for (const auto& vector : vectors) {
    CAPTURE(vector.first);
    CHECK(siphash(kKey, message.substr(0, vector.first)) == vector.second);
  }
}

TEST_CASE("a cookie holds for its address and port, and 5 to 10 seconds") {
  const Cookies cookies(SipKey{1, 2});
  const Endpoint anna = endpoint_at("127.0.0.1", 5000);
  const std::string cookie = cookies.make(anna, kStart);
  CHECK(cookie.size() == 16);
  const auto slot = cookies.slot_made(cookie, anna, kStart);
  REQUIRE(slot.has_value());
  CHECK(cookies.slot_made(cookie, anna, kStart + seconds(5)) == slot);
  CHECK(cookies.slot_made(cookie, anna, kStart + milliseconds(9'999)) == slot);
  CHECK_FALSE(cookies.slot_made(cookie, anna, kStart + seconds(10)));
  CHECK_FALSE(cookies.slot_made(cookie, anna, kStart - seconds(1)));

  CHECK_FALSE(cookies.slot_made(cookie, endpoint_at("127.0.0.1", 5001), kStart));
  CHECK_FALSE(cookies.slot_made(cookie, endpoint_at("127.0.0.2", 5000), kStart));
  CHECK_FALSE(Cookies(SipKey{1, 3}).slot_made(cookie, anna, kStart));
  for (const std::string& wrong : {std::string(), cookie.substr(1), cookie + "0"}) {
    CHECK_FALSE(cookies.slot_made(wrong, anna, kStart));
  }
  CHECK(cookies.slot_made(cookies.make(anna, kStart + seconds(15)), anna, kStart + seconds(15)) ==
        *slot + 3);
}

TEST_CASE("tokens are 32 digits, each another") {
  const std::string token = make_token();
  CHECK(token.size() == 32);
  CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(token != make_token());
  CHECK(hex(0x0123456789abcdef) == "0123456789abcdef");
}

TEST_CASE("equal_secrets") {
  CHECK(equal_secrets("", ""));
  CHECK(equal_secrets("abc", "abc"));
  CHECK_FALSE(equal_secrets("abc", "abd"));
  CHECK_FALSE(equal_secrets("abc",
                            "\xe1"
                            "bc"));
  CHECK_FALSE(equal_secrets("abc", "ab"));
  CHECK_FALSE(equal_secrets("", "a"));
}

TEST_CASE("a datagram is a verb, arguments and perhaps a text") {
  const auto say = parse_datagram("SAY 12ab 7\nПривет,\tмир!");
  REQUIRE(say.has_value());
  CHECK(say->verb == "SAY");
  CHECK(say->arguments == "12ab 7");
  CHECK(say->text == "Привет,\tмир!");

  const auto pong = parse_datagram("PONG");
  REQUIRE(pong.has_value());
  CHECK(pong->verb == "PONG");
  CHECK(pong->arguments.empty());
  CHECK_FALSE(pong->text.has_value());

  CHECK(parse_datagram("NOTE 1\n")->text == "");
  CHECK(parse_datagram("")->verb.empty());
}

TEST_CASE("what is too long, no UTF-8 or has control characters is no datagram") {
  CHECK(parse_datagram("X 1\n" + std::string(1000, 'x')).has_value());
  CHECK_FALSE(parse_datagram("X 1\n" + std::string(1001, 'x')).has_value());
  CHECK(parse_datagram(std::string(1200, 'x')).has_value());
  CHECK_FALSE(parse_datagram(std::string(1201, 'x')).has_value());
  for (const char* text : {"a\nb", "\r", "\x1b[1m", "\x7f", "\xc2\x80", "\xff", "\xd0"}) {
    CAPTURE(printable(text));
    CHECK_FALSE(parse_datagram("SAY 1 2\n" + std::string(text)).has_value());
  }
  CHECK_FALSE(parse_datagram("\xff").has_value());
}

TEST_CASE("arguments are words with one space between each two") {
  CHECK(words<1>("one") == std::array<std::string_view, 1>{"one"});
  CHECK(words<2>("one two") == std::array<std::string_view, 2>{"one", "two"});
  for (const char* wrong :
       {"", " ", "one", "one ", " two", "one  two", "one two ", "one two three"}) {
    CAPTURE(wrong);
    CHECK_FALSE(words<2>(wrong).has_value());
  }
  CHECK_FALSE(words<1>("one two").has_value());
  CHECK_FALSE(words<1>("").has_value());
}

TEST_CASE("a number is decimal digits, from 1") {
  CHECK(parse_number("1") == 1);
  CHECK(parse_number("18446744073709551615") == ~std::uint64_t{0});
  for (const char* wrong : {"", "0", "-1", "+1", " 1", "1 ", "1x", "0x1", "18446744073709551616"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_number(wrong).has_value());
  }
}

TEST_CASE("a nick is 1 to 32 characters, without spaces and control characters") {
  for (const std::string& good : {std::string("a"), std::string("Анна"), std::string(".."),
                                  std::string(32, 'x'), times(32, "😀")}) {
    CHECK(is_nick(good));
  }
  for (const std::string& bad :
       {std::string(), std::string("..."), std::string(33, 'x'), times(33, "Я"), std::string("a b"),
        std::string("a\n"), std::string("a\tb"), std::string("\xc2\x9f"), std::string("\xff")}) {
    CAPTURE(printable(bad));
    CHECK_FALSE(is_nick(bad));
  }
}

TEST_CASE("a long line is cut into pieces of at most 1,000 bytes, between characters") {
  const std::string whole = times(999, "x") + "Ж" + times(600, "€") + "😀";
  std::string_view line = whole;
  CHECK(take_piece(line) == std::string(999, 'x'));
  std::string together(999, 'x');
  while (!line.empty()) {
    const std::string piece(take_piece(line));
    CHECK(piece.size() <= kMaxText);
    CHECK(is_line(piece));
    together += piece;
  }
  CHECK(together == whole);
  const std::string fits(1000, 'y');
  line = fits;
  CHECK(take_piece(line) == fits);
  CHECK(line.empty());
}

TEST_CASE("Deadlines: the earliest first, and each owner once") {
  struct Owner {
    Time deadline = kNever;
  };
  Owner one, two, three;
  Deadlines<Owner> deadlines;
  CHECK(deadlines.earliest() == kNever);
  CHECK(deadlines.due(kStart) == nullptr);
  deadlines.set(one, kStart + seconds(3));
  deadlines.set(two, kStart + seconds(2));
  deadlines.set_by(three, kStart + seconds(4));
  CHECK(deadlines.earliest() == kStart + seconds(2));
  CHECK(deadlines.due(kStart + seconds(1)) == nullptr);
  CHECK(deadlines.due(kStart + seconds(2)) == &two);
  deadlines.set(two, kStart + seconds(9));
  deadlines.set_by(one, kStart + seconds(5));  // later than it is: no change
  CHECK(deadlines.due(kStart + seconds(9)) == &one);
  deadlines.remove(one);
  deadlines.remove(one);
  CHECK(deadlines.due(kStart + seconds(9)) == &three);
  deadlines.set(three, kNever);
  CHECK(deadlines.earliest() == kStart + seconds(9));
}

TEST_CASE("Repeat: at once, after a pause, after twice as long, so many times") {
  Repeat repeat(milliseconds(200), milliseconds(800), 5);
  CHECK_FALSE(repeat.is_running());
  CHECK_FALSE(repeat.is_due(kStart));
  repeat.start(kStart);
  std::vector<int> at;
  for (Time now = kStart; !repeat.is_exhausted(); now = repeat.due()) {
    CHECK(repeat.is_due(now));
    CHECK_FALSE(repeat.is_due(now));
    if (!repeat.is_exhausted()) at.push_back(static_cast<int>((now - kStart) / milliseconds(1)));
  }
  CHECK(at == std::vector<int>{0, 200, 600, 1400, 2200});
  CHECK(repeat.stop());
  CHECK_FALSE(repeat.stop());
}

TEST_CASE("Seldom: once a second, and with their number") {
  Seldom seldom;
  CHECK(seldom.count(kStart) == 1);
  for (int i = 0; i < 500; ++i) CHECK_FALSE(seldom.count(kStart + milliseconds(i)).has_value());
  CHECK(seldom.count(kStart + seconds(1)) == 501);
  CHECK_FALSE(seldom.count(kStart + milliseconds(1'999)).has_value());
}

TEST_CASE("poll_timeout: rounded up, and bounded") {
  CHECK(poll_timeout(kStart, kStart) == 0);
  CHECK(poll_timeout(Time::min(), kStart) == 0);
  CHECK(poll_timeout(kStart + std::chrono::nanoseconds(1), kStart) == 1);
  CHECK(poll_timeout(kStart + milliseconds(200), kStart) == 200);
  CHECK(poll_timeout(kNever, kStart) == 60'000);
}

namespace {

// Sends from an address, and is what the server sends there.
std::vector<std::string> ask(World& world, const Endpoint& from, const std::string& bytes) {
  world.strays.clear();
  world.network.send({from, kServer, bytes}, world.now);
  world.run_for(milliseconds(20));
  std::vector<std::string> answers;
  for (const Packet& packet : world.strays) {
    if (packet.to == from) answers.push_back(packet.bytes);
  }
  return answers;
}

std::string join(World& world, const Endpoint& from, const std::string& nick) {
  const std::string cookie = ask(world, from, "JOIN " + nick).at(0).substr(7);
  return ask(world, from, "JOIN " + nick + " " + cookie).at(0);
}

}  // namespace

TEST_CASE("Room: a client that joins again after 15 s begins anew and hears what it missed") {
  World world;
  const Endpoint boris = endpoint_at("127.0.0.1", 5000);
  const std::string first = join(world, boris, "boris");
  User& anna = world.join("anna");
  REQUIRE(world.run_until([&] { return anna.joined == 1; }));
  CHECK(ask(world, boris, "ACK " + first.substr(8) + " 1").empty());  // anna has joined
  world.run_for(seconds(1));
  CHECK(join(world, boris, "boris") == first);  // too soon to be another session

  anna.session->say("while you were away");
  world.run_for(seconds(16));
  const std::string cookie = ask(world, boris, "JOIN boris").at(0).substr(7);
  auto answers = ask(world, boris, "JOIN boris " + cookie);
  std::ranges::sort(answers);  // they may have overtaken each other
  REQUIRE(answers.size() == 2);
  CHECK(answers[0] == "MSG 1 anna\nwhile you were away");
  CHECK(answers[1].starts_with("WELCOME "));
  CHECK(answers[1] != first);

  const std::string token = answers[1].substr(8);
  CHECK(ask(world, boris, "ACK " + token + " 1").empty());
  CHECK(ask(world, boris, "SAY " + token + " 1\nI am back") == std::vector<std::string>{"ACK 1"});
  world.run_for(seconds(1));
  CHECK(anna.lines == std::vector<std::string>{"boris: I am back"});
  CHECK(anna.notes.empty());
}

TEST_CASE("Room: of two JOINs that overtake each other, the newer is the one that is known") {
  World world;
  const Endpoint boris = endpoint_at("127.0.0.1", 5000);
  const std::string older = ask(world, boris, "JOIN boris").at(0).substr(7);
  world.run_for(seconds(5));
  const std::string newer = ask(world, boris, "JOIN boris").at(0).substr(7);
  REQUIRE(newer != older);
  const std::vector<std::string> welcome = ask(world, boris, "JOIN boris " + newer);
  CHECK(welcome.at(0).starts_with("WELCOME "));
  CHECK(ask(world, boris, "JOIN boris " + older) == welcome);
  world.run_for(seconds(16));
  CHECK(ask(world, boris, "JOIN boris " + newer) == welcome);
}

TEST_CASE("Session: a line that is never acknowledged does not keep it awake") {
  World world;
  Time now = world.now;
  Session session(
      "anna", [](std::string_view) {}, now);
  for (const char* const datagram : {"COOKIE 0123", "WELCOME 4567"}) {
    session.tick(now);
    REQUIRE(session.receive(datagram, now));
  }
  session.say("hello");
  for (const Time end = now + seconds(60); now < end; now = session.next_due(now)) {
    session.receive("PONG", now);
    session.tick(now);
    REQUIRE(session.next_due(now) > now);
  }
}

TEST_CASE("Room: while somebody lags, nothing new is taken in: no SAY and no newcomer") {
  World world;
  const Endpoint anna = endpoint_at("127.0.0.1", 5000);
  const std::string token = join(world, anna, "anna").substr(8);
  join(world, endpoint_at("127.0.0.1", 5001), "boris");
  const auto say = [&](int number) {
    return "SAY " + token + " " + std::to_string(number) + "\nmuch";
  };
  for (int number = 1; number <= 500; ++number) world.room->receive(anna, say(number), world.now);
  world.run_for(milliseconds(100));  // the acknowledgements arrive
  CHECK(std::ranges::count(ask(world, anna, say(1)), "ACK 1") == 1);
  CHECK(std::ranges::count(ask(world, anna, say(500)), "ACK 500") == 1);
  CHECK(std::ranges::count(ask(world, anna, say(501)), "ACK 501") == 0);
  CHECK(join(world, endpoint_at("127.0.0.1", 5002), "clara").starts_with("COOKIE "));
}

TEST_CASE("Room: nobody gets a second nick at his address") {
  World world;
  const Endpoint boris = endpoint_at("127.0.0.1", 5000);
  join(world, boris, "boris");
  CHECK(join(world, boris, "anna").starts_with("ERROR "));
  CHECK(join(world, boris, "boris").starts_with("WELCOME "));
}

TEST_CASE("Room: keeps nothing of a JOIN without a good cookie, and drops with one line a second") {
  World world;
  for (std::uint16_t port = 1; port < 2000; ++port) {
    world.room->receive(endpoint_at("127.0.0.9", port), "JOIN somebody", world.now);
    world.room->receive(endpoint_at("127.0.0.9", port), "JOIN somebody 0123456789abcdef",
                        world.now);
  }
  CHECK(world.room->next_due() == kNever);
  CHECK(world.log.empty());
  for (int i = 0; i < 2000; ++i) {
    world.room->receive(endpoint_at("127.0.0.9", 1), "nonsense", world.now + milliseconds(i));
  }
  CHECK(world.log.size() == 2);
  CHECK(world.log[1].find("1000 datagrams") != std::string::npos);
}
