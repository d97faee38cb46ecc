// A server and its clients without a socket and without a clock: lab 10's Room and Sessions, in a
// network that loses, doubles and delays, and in which an hour passes in no time.

#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab10_udpchat/room.hpp"
#include "lab10_udpchat/session.hpp"
#include "lossy_network.hpp"

inline Endpoint endpoint_at(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return make_endpoint(as_sockaddr(address), sizeof address);
}

inline const Endpoint kServer = endpoint_at("127.0.0.1", 9090);

struct Packet {
  Endpoint from;
  Endpoint to;
  std::string bytes;
};

// Somebody with a session, and what it has told.
struct User {
  Endpoint endpoint;
  std::unique_ptr<Session> session;
  std::vector<std::string> lines = {};
  std::vector<std::string> notes = {};
  std::vector<std::string> refusals = {};
  std::string members = {};
  std::string failure = {};
  int joined = 0;
  int lost = 0;
  bool runs = true;  // false after kill()

  bool has_left() const { return session->is_over() && failure.empty(); }
};

class World {
 public:
  explicit World(Weather weather = kFine, std::uint64_t seed = 0) : network(weather, seed) {
    start_server();
  }

  void start_server() {
    room.emplace(
        SipKey{seed_++, 1},
        [this](const Endpoint& to, std::string_view bytes) {
          network.send({kServer, to, std::string(bytes)}, now);
        },
        [this](std::string_view event, std::string_view explanation) {
          log.push_back(std::string(event).append(": ").append(explanation));
        });
  }
  void kill_server() { room.reset(); }

  User& join(const std::string& nick, const char* host = "127.0.0.1") {
    const Endpoint endpoint = endpoint_at(host, next_port_++);
    auto send = [this, endpoint](std::string_view bytes) {
      network.send({endpoint, kServer, std::string(bytes)}, now);
    };
    users.push_back(std::make_unique<User>(
        User{.endpoint = endpoint, .session = std::make_unique<Session>(nick, send, now)}));
    return *users.back();
  }

  // Lets the world go on until `done`; false if `limit` passes before. It does so in steps, so that
  // much happens in each.
  bool run_until(const std::function<bool()>& done,
                 Clock::duration limit = std::chrono::minutes(10)) {
    const Time end = now + limit;
    while (!done()) {
      act();
      if (done()) return true;
      Time next = std::min(network.next_arrival(), room ? room->next_due() : kNever);
      for (const auto& user : users) {
        if (user->runs) next = std::min(next, user->session->next_due(now));
      }
      if (next > end) {
        now = end;
        return done();
      }
      now = std::max(now + std::chrono::milliseconds(4), next);
      while (network.next_arrival() <= now) deliver(network.take());
    }
    return true;
  }

  void run_for(Clock::duration time) {
    run_until([] { return false; }, time);
  }

  Time now{std::chrono::hours(1)};
  LossyNetwork<Packet> network;
  std::optional<Room> room;
  std::vector<std::unique_ptr<User>> users;
  std::vector<Packet> strays;  // that came to an address at which there is no session
  std::vector<std::string> log;

 private:
  void act() {
    if (room) room->tick(now);
    for (const auto& user : users) {
      if (!user->runs) continue;
      user->session->tick(now);
      while (const auto event = user->session->next_event()) note_down(*user, *event);
    }
  }

  void deliver(const Packet& packet) {
    if (packet.to == kServer) {
      if (room) room->receive(packet.from, packet.bytes, now);
      return;
    }
    for (const auto& user : users) {
      if (packet.to != user->endpoint) continue;
      if (user->runs) user->session->receive(packet.bytes, now);
      return;
    }
    strays.push_back(packet);
  }

  static void note_down(User& user, const Event& event) {
    switch (event.kind) {
      case Event::Kind::kJoined:
        ++user.joined;
        break;
      case Event::Kind::kRefused:
        user.refusals.push_back(event.text);
        break;
      case Event::Kind::kLost:
        ++user.lost;
        break;
      case Event::Kind::kLine:
        user.lines.push_back(event.text);
        break;
      case Event::Kind::kNote:
        user.notes.push_back(event.text);
        break;
      case Event::Kind::kMembers:
        user.members = event.text;
        break;
      case Event::Kind::kLeft:
        break;
      case Event::Kind::kFailed:
        user.failure = event.text;
        break;
    }
  }

  std::uint64_t seed_ = 1;
  std::uint16_t next_port_ = 10'000;
};
