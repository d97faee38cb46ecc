// Lab 10's Room and Session with each other, through a network that is as bad as it can be.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab10_world.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Strings = std::vector<std::string>;

bool all_in(const World& world) {
  return std::ranges::all_of(world.users, [](const auto& user) { return user->joined > 0; });
}

std::string nick_of(std::size_t number) {
  return "user" + std::to_string(number);
}

// What `user` has seen of one speaker's lines, in the order in which it came.
Strings lines_of(const User& user, const std::string& nick) {
  Strings lines;
  for (const std::string& line : user.lines) {
    if (line.starts_with(nick + ": ")) lines.push_back(line);
  }
  return lines;
}

Strings lines_said(const std::string& nick, int count) {
  Strings lines;
  for (int i = 1; i <= count; ++i) lines.push_back(nick + ": line " + std::to_string(i));
  return lines;
}

bool knows_of(const User& user, std::string_view note) {
  return std::ranges::count(user.notes, note) == 1;
}

}  // namespace

TEST_CASE("a line reaches each of the others once, and not its speaker") {
  World world;
  User& anna = world.join("anna");
  User& boris = world.join("boris");
  User& clara = world.join("Клара");
  REQUIRE(world.run_until([&] { return all_in(world); }));
  anna.session->say("Добрый вечер!\tпривет");
  anna.session->say("");
  world.run_for(seconds(5));
  CHECK(anna.lines.empty());
  CHECK(boris.lines == Strings{"anna: Добрый вечер!\tпривет", "anna: "});
  CHECK(clara.lines == boris.lines);
  CHECK(world.log.size() == 3);  // connect, three times
}

TEST_CASE("10 people, 100 lines each, through a storm: each line once, each speaker's in order") {
  constexpr std::size_t kPeople = 10;
  constexpr int kLines = 100;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    World world(kStorm, seed);
    for (std::size_t i = 0; i < kPeople; ++i) world.join(nick_of(i));
    REQUIRE(world.run_until([&] { return all_in(world); }));
    for (int line = 1; line <= kLines; ++line) {
      for (const auto& user : world.users) user->session->say("line " + std::to_string(line));
    }
    const auto all_here = [&] {
      return std::ranges::all_of(world.users, [](const auto& user) {
        return user->lines.size() >= (kPeople - 1) * kLines;
      });
    };
    REQUIRE(world.run_until(all_here));
    world.run_for(seconds(10));  // what comes too often would come now
    for (std::size_t hearer = 0; hearer < kPeople; ++hearer) {
      for (std::size_t speaker = 0; speaker < kPeople; ++speaker) {
        const Strings expected =
            speaker == hearer ? Strings{} : lines_said(nick_of(speaker), kLines);
        REQUIRE(lines_of(*world.users[hearer], nick_of(speaker)) == expected);
      }
    }
    for (const auto& user : world.users) user->session->leave(world.now);
    REQUIRE(world.run_until([&] {
      return std::ranges::all_of(world.users, [](const auto& user) { return user->has_left(); });
    }));
  }
}

TEST_CASE("joins and leaves are told to the others, once") {
  World world(kStorm, 7);
  User& anna = world.join("anna");
  REQUIRE(world.run_until([&] { return anna.joined == 1; }));
  User& boris = world.join("boris");
  REQUIRE(world.run_until([&] { return knows_of(anna, "boris has joined"); }));
  anna.session->who(world.now);
  REQUIRE(world.run_until([&] { return anna.members == "anna boris" && boris.joined == 1; }));
  boris.session->leave(world.now);
  REQUIRE(world.run_until([&] { return knows_of(anna, "boris has left"); }));
  REQUIRE(world.run_until([&] { return boris.has_left(); }));
  world.run_for(seconds(60));
  CHECK(anna.notes == Strings{"boris has joined", "boris has left"});
  CHECK(boris.notes.empty());
}

TEST_CASE("who is killed is gone after 30 s, and the others are told") {
  World world;
  User& anna = world.join("anna");
  User& boris = world.join("boris");
  REQUIRE(world.run_until([&] { return all_in(world); }));
  world.run_for(seconds(60));  // silent, but there
  CHECK(anna.lost == 0);
  boris.runs = false;
  world.run_for(seconds(24));
  CHECK_FALSE(knows_of(anna, "boris is lost"));
  world.run_for(seconds(7));
  CHECK(knows_of(anna, "boris is lost"));
  CHECK(world.log.back().find("(boris) was silent for 30 s") != std::string::npos);

  User& again = world.join("boris");
  CHECK(world.run_until([&] { return again.joined == 1; }));
}

TEST_CASE("who does not keep up is given up, without harm to the others") {
  World world;
  User& anna = world.join("anna");
  User& boris = world.join("boris");
  User& clara = world.join("clara");
  REQUIRE(world.run_until([&] { return all_in(world); }));
  boris.runs = false;
  int said = 0;
  REQUIRE(world.run_until(
      [&] {
        for (; said < 1200 && anna.session->has_room(); ++said) anna.session->say("much");
        return said == 1200 && knows_of(clara, "boris is lost");
      },
      seconds(20)));
  CHECK(world.log.back().find("(boris) did not keep up") != std::string::npos);
  REQUIRE(world.run_until([&] { return clara.lines.size() == 1200; }));
}

TEST_CASE("who says much at once is slowed down, and nobody is lost") {
  for (const Weather& weather : {kFine, kStorm}) {
    CAPTURE(weather.lost);
    World world(weather, 11);
    for (std::size_t i = 0; i < 6; ++i) world.join(nick_of(i));
    REQUIRE(world.run_until([&] { return all_in(world); }));
    constexpr int kLines = 600;  // each of three says so many: each of them hears 1,200
    std::vector<int> said(3);
    const auto speak = [&] {
      for (std::size_t i = 0; i < said.size(); ++i) {
        Session& session = *world.users[i]->session;
        while (said[i] < kLines && session.has_room()) {
          session.say("line " + std::to_string(++said[i]));
        }
      }
    };
    REQUIRE(world.run_until([&] {
      speak();
      return std::ranges::all_of(world.users, [&](const auto& user) {
        const bool speaks = user->session->nick() <= nick_of(2);
        return user->lines.size() >= kLines * (speaks ? 2U : 3U);
      });
    }));
    for (const auto& user : world.users) {
      for (std::size_t i = 0; i < said.size(); ++i) {
        if (user->session->nick() == nick_of(i)) continue;
        REQUIRE(lines_of(*user, nick_of(i)) == lines_said(nick_of(i), kLines));
      }
    }
    CHECK(std::ranges::none_of(world.log, [](const std::string& line) {
      return line.find("disconnect") != std::string::npos;
    }));
  }
}

TEST_CASE("a nick that is taken is refused, another one is not") {
  World world(kStorm, 3);
  User& anna = world.join("anna");
  REQUIRE(world.run_until([&] { return anna.joined == 1; }));
  User& other = world.join("anna");
  REQUIRE(world.run_until([&] { return other.refusals.size() == 1; }));
  CHECK(other.refusals == Strings{"somebody has that nick"});
  other.session->rename("other", world.now);
  REQUIRE(world.run_until([&] { return other.joined == 1; }));
  CHECK(world.run_until([&] { return knows_of(anna, "other has joined"); }));
}

TEST_CASE("without a server a session fails after 10 s") {
  World world;
  world.kill_server();
  User& anna = world.join("anna");
  world.run_for(milliseconds(9'900));
  CHECK(anna.failure.empty());
  world.run_for(milliseconds(200));
  CHECK(anna.failure == "no answer within 10 s");
}

TEST_CASE("a server that was killed and comes back has its members back, and what they said") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    World world(kStorm, seed);
    User& anna = world.join("anna");
    User& boris = world.join("boris");
    REQUIRE(world.run_until([&] { return all_in(world); }));
    anna.session->say("before");
    REQUIRE(world.run_until([&] { return boris.lines == Strings{"anna: before"}; }));
    world.run_for(seconds(10));  // until that is acknowledged

    world.kill_server();
    anna.session->say("meanwhile");
    world.run_for(seconds(40));
    CHECK(anna.lost == 1);
    CHECK(boris.lost == 1);
    // Boris is back first, or he would not hear it.
    world.network.set_weather(kFine);
    world.start_server();
    anna.runs = false;
    REQUIRE(world.run_until([&] { return boris.joined == 2; }));
    anna.runs = true;
    REQUIRE(world.run_until([&] { return boris.lines.size() == 2; }));
    anna.session->say("after");
    REQUIRE(world.run_until([&] { return boris.lines.size() == 3; }));
    CHECK(boris.lines == Strings{"anna: before", "anna: meanwhile", "anna: after"});
  }
}

TEST_CASE("a network that fails for 20 s loses, doubles and reorders nothing") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    World world(kStorm, seed);
    User& anna = world.join("anna");
    User& boris = world.join("boris");
    REQUIRE(world.run_until([&] { return all_in(world); }));
    for (int i = 1; i <= 100; ++i) {
      anna.session->say("line " + std::to_string(i));
      boris.session->say("line " + std::to_string(i));
      if (i % 10 == 0) world.run_for(milliseconds(300));
      if (i != 50) continue;
      world.network.set_weather({.lost = 1});
      world.run_for(seconds(20));
      world.network.set_weather(kStorm);
      CHECK(anna.lost == 1);
    }
    REQUIRE(world.run_until([&] { return anna.lines.size() >= 100 && boris.lines.size() >= 100; }));
    world.run_for(seconds(10));
    CHECK(boris.lines == lines_said("anna", 100));
    CHECK(anna.lines == lines_said("boris", 100));
    CHECK(anna.joined == 2);
    CHECK(std::ranges::count(anna.notes, "boris has joined") <= 1);
    CHECK(std::ranges::count(anna.notes, "boris is lost") == 0);
  }
}

TEST_CASE("who leaves waits until what was said is acknowledged, but not for ever") {
  World world(kStorm, 5);
  User& anna = world.join("anna");
  User& boris = world.join("boris");
  REQUIRE(world.run_until([&] { return all_in(world); }));
  for (int i = 1; i <= 50; ++i) anna.session->say("line " + std::to_string(i));
  anna.session->leave(world.now);
  REQUIRE(world.run_until([&] { return anna.has_left(); }));
  REQUIRE(world.run_until([&] { return boris.lines.size() == 50; }));

  boris.session->say("to nobody");
  world.kill_server();
  boris.session->leave(world.now);
  REQUIRE(world.run_until([&] { return boris.session->is_over(); }, seconds(31)));
  CHECK(boris.failure == "1 lines were not acknowledged");
}

TEST_CASE("who leaves a dead server is gone after a second") {
  World world;
  User& anna = world.join("anna");
  REQUIRE(world.run_until([&] { return anna.joined == 1; }));
  world.run_for(seconds(1));
  world.kill_server();
  anna.session->leave(world.now);
  const Time begin = world.now;
  REQUIRE(world.run_until([&] { return anna.has_left(); }));
  CHECK(world.now - begin < milliseconds(1'100));  // 5 times LEAVE
}

TEST_CASE("100 members hear a line") {
  World world(kStorm, 1);
  for (std::size_t i = 0; i < 100; ++i) world.join(nick_of(i));
  REQUIRE(world.run_until([&] { return all_in(world); }));
  world.users[50]->session->say("Hello!");
  const auto has_heard = [](const auto& user) {
    return user->lines == Strings{"user50: Hello!"};
  };
  CHECK(world.run_until([&] { return std::ranges::count_if(world.users, has_heard) == 99; }));
}
