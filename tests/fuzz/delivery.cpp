// Sender and Receiver of lab 10 under an adversary, who drops, doubles and reorders what is sent,
// and forges what was never sent: what comes out is what went in, once and in order.

#include "fuzz.hpp"
#include "lab10_udpchat/reliable.hpp"

#include <deque>
#include <utility>

namespace {

struct Sent {
  std::uint64_t number;
  std::uint64_t message;
};

class Delivery {
 public:
  // One move of the adversary's.
  void move(FuzzedDataProvider& data) {
    switch (data.ConsumeIntegralInRange(0, 6)) {
      case 0:
        if (!sender_.overfull()) sender_.push(++pushed_);
        break;
      case 1:
        now_ += std::chrono::milliseconds(data.ConsumeIntegral<std::uint16_t>());
        break;
      case 2:
        send();
        break;
      case 3:
        if (!messages_.empty()) arrive(pick(messages_, data));
        break;
      case 4:
        if (!acknowledgements_.empty()) sender_.acknowledge(pick(acknowledgements_, data), now_);
        break;
      case 5: {
        const auto beyond = data.ConsumeIntegral<std::uint64_t>() | (std::uint64_t{1} << 32);
        require(!sender_.acknowledge(beyond, now_), "what was never sent is not acknowledged");
        break;
      }
      default: {
        const auto beyond = data.ConsumeIntegral<std::uint64_t>() | (std::uint64_t{1} << 32);
        require(!receiver_.accept(beyond, 0), "what is too far ahead is not taken");
      }
    }
  }

  // A network that has become good: all that is still missing arrives.
  void settle() {
    for (int round = 0; sender_.unacknowledged() > 0; ++round) {
      require(round < 10'000, "it comes to an end");
      now_ += kLongestPause;
      messages_.clear();
      acknowledgements_.clear();
      send();
      for (const Sent& sent : messages_) arrive(sent);
      for (const std::uint64_t number : acknowledgements_) sender_.acknowledge(number, now_);
    }
    require(taken_ == pushed_, "nothing is lost");
    require(sender_.next_due(now_) == kNever, "when all is acknowledged there is nothing to do");
  }

 private:
  void send() {
    sender_.send_due(now_, [this](std::uint64_t number, std::uint64_t message) {
      messages_.push_back({number, message});
    });
  }

  void arrive(Sent sent) {
    if (!receiver_.accept(sent.number, sent.message)) return;
    acknowledgements_.push_back(sent.number);
    while (const auto message = receiver_.next()) {
      require(*message == ++taken_, "each message comes once and in order");
    }
  }

  // One of those on the way, which may stay there: so it is lost, doubled, or overtaken.
  template <typename Packet>
  static Packet pick(std::deque<Packet>& on_the_way, FuzzedDataProvider& data) {
    const auto at = data.ConsumeIntegralInRange<std::size_t>(0, on_the_way.size() - 1);
    const Packet packet = on_the_way[at];
    if (data.ConsumeBool()) on_the_way.erase(on_the_way.begin() + static_cast<std::ptrdiff_t>(at));
    return packet;
  }

  Sender<std::uint64_t> sender_;
  Receiver<std::uint64_t> receiver_;
  std::deque<Sent> messages_;
  std::deque<std::uint64_t> acknowledgements_;
  std::uint64_t pushed_ = 0;  // the messages are the numbers 1, 2, 3...
  std::uint64_t taken_ = 0;
  Time now_{std::chrono::hours(1)};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  Delivery delivery;
  while (data.remaining_bytes() > 0) delivery.move(data);
  delivery.settle();
  return 0;
}
