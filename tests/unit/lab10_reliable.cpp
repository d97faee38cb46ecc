// lab10_udpchat/reliable.hpp: each message arrives, once and in order, whatever the network does.

#include "lab10_udpchat/reliable.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "lossy_network.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{std::chrono::hours(1)};

using Numbers = std::vector<std::uint64_t>;

// The numbers of what is sent now.
Numbers sent_at(Sender<int>& sender, Time now) {
  Numbers numbers;
  sender.send_due(now, [&](std::uint64_t number, int) { numbers.push_back(number); });
  return numbers;
}

Sender<int> sender_of(int messages) {
  Sender<int> sender;
  for (int i = 1; i <= messages; ++i) sender.push(i);
  return sender;
}

std::vector<int> taken_from(Receiver<int>& receiver) {
  std::vector<int> messages;
  while (const auto message = receiver.next()) messages.push_back(*message);
  return messages;
}

}  // namespace

TEST_CASE("Sender: numbers from 1, and no more than 8 in flight") {
  Sender<int> sender = sender_of(20);
  CHECK(sender.next_due(kStart) == kStart);
  CHECK(sent_at(sender, kStart) == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(sent_at(sender, kStart).empty());
  CHECK(sender.unacknowledged() == 20);

  CHECK(sender.acknowledge(3, kStart));
  CHECK(sender.acknowledge(1, kStart));
  CHECK(sent_at(sender, kStart) == Numbers{9, 10});
  CHECK(sender.unacknowledged() == 18);
}

TEST_CASE("Sender: sends again after 200 ms, doubling to 2 s") {
  Sender<int> sender = sender_of(1);
  std::vector<int> times;
  for (Time now = kStart; now < kStart + seconds(10); now = sender.next_due(now)) {
    CHECK(sent_at(sender, now) == Numbers{1});
    times.push_back(static_cast<int>((now - kStart) / milliseconds(1)));
  }
  CHECK(times == std::vector<int>{0, 200, 600, 1400, 3000, 5000, 7000, 9000});
}

TEST_CASE("Sender: what was acknowledged is not sent again") {
  Sender<int> sender = sender_of(3);
  sent_at(sender, kStart);
  CHECK(sender.acknowledge(2, kStart));
  CHECK(sent_at(sender, kStart + milliseconds(200)) == Numbers{1, 3});
  CHECK(sender.acknowledge(1, kStart));
  CHECK(sender.acknowledge(3, kStart));
  CHECK(sender.unacknowledged() == 0);
  CHECK(sender.next_due(kStart) == kNever);
  CHECK(sent_at(sender, kStart + seconds(100)).empty());
}

TEST_CASE("Sender: an acknowledgement of what was never sent, or twice, changes nothing") {
  Sender<int> sender = sender_of(20);
  sent_at(sender, kStart);
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{21}, ~std::uint64_t{0}}) {
    CHECK_FALSE(sender.acknowledge(number, kStart));
  }
  CHECK(sender.acknowledge(2, kStart));
  CHECK_FALSE(sender.acknowledge(2, kStart));
  CHECK(sender.acknowledge(1, kStart));
  CHECK_FALSE(sender.acknowledge(1, kStart));
  CHECK(sender.unacknowledged() == 18);
}

TEST_CASE("Sender: is at most 64 ahead of the first that is missing, as the receiver allows") {
  Sender<int> sender = sender_of(200);
  std::uint64_t last = 0;
  for (int round = 0; round < 100; ++round) {
    for (const std::uint64_t number : sent_at(sender, kStart)) {
      last = std::max(last, number);
      if (number != 1) sender.acknowledge(number, kStart);
    }
  }
  CHECK(last == 65);
  Receiver<int> receiver;
  CHECK(receiver.accept(last, 0));
  CHECK_FALSE(receiver.accept(last + 1, 0));
  CHECK(sender.acknowledge(1, kStart));
  CHECK(sent_at(sender, kStart).front() == 66);
}

TEST_CASE("Sender: gives up after 30 s in which nothing was acknowledged") {
  Sender<int> sender = sender_of(2);
  CHECK_FALSE(sender.given_up(kStart + seconds(100)));  // nothing was sent
  const Time sent = kStart + seconds(100);
  sent_at(sender, sent);
  CHECK_FALSE(sender.given_up(sent + milliseconds(29'999)));
  CHECK(sender.given_up(sent + seconds(30)));
  CHECK(sender.acknowledge(1, sent + seconds(29)));
  CHECK_FALSE(sender.given_up(sent + seconds(58)));
  CHECK(sender.given_up(sent + seconds(59)));
  CHECK(sender.acknowledge(2, sent + seconds(59)));
  CHECK_FALSE(sender.given_up(sent + seconds(1000)));  // there is nothing to wait for
}

TEST_CASE("Sender: tells when it gives up") {
  Sender<int> sender = sender_of(1);
  Time now = kStart;
  CHECK(sender.gives_up_at() == kNever);
  while (!sender.given_up(now)) {
    sent_at(sender, now);
    REQUIRE(sender.next_due(now) > now);
    now = std::min(sender.next_due(now), sender.gives_up_at());
  }
  CHECK(now == kStart + seconds(30));
}

TEST_CASE("Sender: is overfull at 1,000 and keeps no more") {
  Sender<int> sender = sender_of(999);
  CHECK_FALSE(sender.overfull());
  sender.push(1000);
  CHECK(sender.overfull());
  sender.push(1001);
  CHECK(sender.unacknowledged() == 1000);
}

TEST_CASE(
    "Sender: lags with 500 or more for somebody who takes them, and not for one who does not") {
  CHECK_FALSE(sender_of(499).lags(kStart));
  Sender<int> sender = sender_of(501);
  CHECK(sender.lags(kStart));  // nothing was sent yet: that is nobody's fault but ours
  sent_at(sender, kStart);
  CHECK(sender.lags(kStart + milliseconds(1'999)));
  CHECK_FALSE(sender.lags(kStart + seconds(2)));
  CHECK(sender.acknowledge(1, kStart + seconds(3)));
  CHECK(sender.lags(kStart + seconds(4)));
  CHECK(sender.acknowledge(2, kStart + seconds(4)));
  CHECK_FALSE(sender.lags(kStart + seconds(4)));  // 499
}

TEST_CASE("Sender: after a restart it numbers from 1 what was not acknowledged") {
  Sender<int> sender = sender_of(10);
  sent_at(sender, kStart);
  for (const std::uint64_t number : Numbers{1, 2, 4, 7}) sender.acknowledge(number, kStart);
  sent_at(sender, kStart + milliseconds(200));
  sender.restart();
  CHECK(sender.unacknowledged() == 6);

  std::vector<int> messages;
  const auto take = [&](std::uint64_t number, int message) {
    CHECK(number == messages.size() + 1);
    messages.push_back(message);
  };
  sender.send_due(kStart + seconds(50), take);
  CHECK(messages == std::vector<int>{3, 5, 6, 8, 9, 10});
  CHECK_FALSE(sender.given_up(kStart + seconds(51)));
  CHECK(sender.next_due(kStart + seconds(50)) == kStart + seconds(50) + milliseconds(200));
}

TEST_CASE("Receiver: in order, each once") {
  Receiver<int> receiver;
  CHECK(receiver.accept(2, 20));
  CHECK(receiver.accept(3, 30));
  CHECK(taken_from(receiver).empty());
  CHECK(receiver.accept(1, 10));
  CHECK(receiver.accept(3, 31));
  CHECK(taken_from(receiver) == std::vector<int>{10, 20, 30});
  for (const std::uint64_t number : Numbers{1, 2, 3}) CHECK(receiver.accept(number, 0));
  CHECK(taken_from(receiver).empty());
  CHECK(receiver.accept(4, 40));
  CHECK(taken_from(receiver) == std::vector<int>{40});
}

TEST_CASE("Receiver: takes 64 ahead and not 65") {
  Receiver<int> receiver;
  CHECK(receiver.accept(1 + 64, 0));
  CHECK_FALSE(receiver.accept(1 + 65, 0));
  CHECK_FALSE(receiver.accept(~std::uint64_t{0}, 0));
  CHECK(receiver.accept(1, 0));
  CHECK(receiver.accept(1 + 65, 0) == false);  // until number 1 has been taken out
  CHECK(taken_from(receiver).size() == 1);
  CHECK(receiver.accept(1 + 65, 0));
}

TEST_CASE("Receiver: is_new() tells what has been here, early or taken out") {
  Receiver<int> receiver;
  receiver.accept(1, 10);
  receiver.accept(3, 30);
  for (const std::uint64_t number : Numbers{1, 3}) CHECK_FALSE(receiver.is_new(number));
  taken_from(receiver);
  for (const std::uint64_t number : Numbers{1, 3}) CHECK_FALSE(receiver.is_new(number));
  for (const std::uint64_t number : Numbers{2, 4}) CHECK(receiver.is_new(number));
}

TEST_CASE("Receiver: after a restart it begins at 1") {
  Receiver<int> receiver;
  receiver.accept(1, 10);
  receiver.accept(3, 30);
  taken_from(receiver);
  receiver.restart();
  receiver.accept(1, 11);
  CHECK(taken_from(receiver) == std::vector<int>{11});
  receiver.accept(2, 12);
  CHECK(taken_from(receiver) == std::vector<int>{12});
}

namespace {

struct Packet {
  bool is_ack;
  std::uint64_t number;
  int message;
};

// What came out at the other end of messages 1, 2, 3, ... The time that it took is bounded.
std::vector<int> transfer(int messages, Weather weather, std::uint64_t seed) {
  LossyNetwork<Packet> network(weather, seed);
  Sender<int> sender;
  Receiver<int> receiver;
  std::vector<int> arrived;
  int pushed = 0;
  std::size_t steps = 0;
  for (Time now = kStart; pushed < messages || sender.unacknowledged() > 0; ++steps) {
    REQUIRE(steps < 100'000);
    while (pushed < messages && network.happens(0.3)) sender.push(++pushed);
    sender.send_due(now, [&](std::uint64_t number, int message) {
      network.send({false, number, message}, now);
    });
    REQUIRE_FALSE(sender.given_up(now));
    REQUIRE(sender.next_due(now) > now);  // or it would be a busy loop

    const Time next_push = pushed < messages ? now + milliseconds(5) : kNever;
    now = std::min({network.next_arrival(), sender.next_due(now), next_push});
    if (now != network.next_arrival()) continue;
    const Packet packet = network.take();
    if (packet.is_ack) {
      sender.acknowledge(packet.number, now);
    } else if (receiver.accept(packet.number, packet.message)) {
      network.send({true, packet.number, 0}, now);
      for (const int message : taken_from(receiver)) arrived.push_back(message);
    }
  }
  return arrived;
}

std::vector<int> up_to(int last) {
  std::vector<int> numbers;
  for (int i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("everything arrives once and in order, whatever is lost, doubled or overtaken") {
  const std::vector<Weather> weathers = {
      kFine,
      kStorm,
      {.lost = 0, .doubled = 0, .delayed = 1},
      {.lost = 0, .doubled = 1, .delayed = 0.5},
      {.lost = 0.33, .doubled = 0, .delayed = 0},
      {.lost = 0.33, .doubled = 0.5, .delayed = 0.9},
  };
  for (const Weather& weather : weathers) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      CAPTURE(weather.lost);
      CAPTURE(weather.doubled);
      CAPTURE(weather.delayed);
      CAPTURE(seed);
      REQUIRE(transfer(200, weather, seed) == up_to(200));
    }
  }
}
