// The server of lab 10, whatever datagrams come from wherever: no answer to a stranger is longer
// than three times what it answers, all that it sends is well formed, nobody speaks for
// another, and it waits for what is next.

#include "lab10_udpchat/room.hpp"
#include "fuzz.hpp"

#include <arpa/inet.h>

#include <array>
#include <map>

namespace {

constexpr std::size_t kHeaders = 28;  // bytes of IPv4 and UDP
constexpr std::size_t kPeople = 4;

// Somebody at a port of his own, and what he was told.
struct Person {
  Endpoint endpoint;
  std::string cookie = "0";
  std::string token = "0";
  bool is_in = false;
};

Endpoint endpoint_at(std::size_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(10'000 + port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return make_endpoint(as_sockaddr(address), sizeof address);
}

class Chat {
 public:
  Chat()
      : room_(
            SipKey{1, 2}, [this](const Endpoint& to, std::string_view bytes) { hear(to, bytes); },
            [](std::string_view /*event*/, std::string_view /*explanation*/) {}) {
    for (std::size_t i = 0; i < kPeople; ++i) people_[i].endpoint = endpoint_at(i);
  }

  void move(FuzzedDataProvider& data) {
    if (data.ConsumeIntegralInRange(0, 4) == 0) {
      now_ += std::chrono::milliseconds(data.ConsumeIntegral<std::uint16_t>());
      for (int i = 0; i < 100 && room_.next_due() <= now_; ++i) room_.tick(now_);
      require(room_.next_due() > now_, "the loop comes to rest");
      return;
    }
    const auto from = data.ConsumeIntegralInRange<std::size_t>(0, kPeople - 1);
    const auto token_of = data.ConsumeIntegralInRange<std::size_t>(0, kPeople - 1);
    const std::string datagram = make_datagram(people_[token_of], data);
    speaker_ = &people_[from];
    stranger_ = !people_[from].is_in;
    forged_ = from != token_of;
    answered_ = datagram.size();
    room_.receive(people_[from].endpoint, datagram, now_);
    speaker_ = nullptr;
  }

 private:
  static std::string make_datagram(const Person& person, FuzzedDataProvider& data) {
    constexpr std::array<const char*, 6> kVerbs = {"SAY ", "PING ", "WHO ", "LEAVE ", "ACK ", "X "};
    const int kind = data.ConsumeIntegralInRange(0, 8);
    if (kind == 0) return data.ConsumeRandomLengthString();
    if (kind == 1) return "JOIN " + data.ConsumeRandomLengthString(40);
    if (kind == 2) return "JOIN " + data.ConsumeRandomLengthString(4) + " " + person.cookie;
    return kVerbs[static_cast<std::size_t>(kind - 3)] + person.token +
           data.ConsumeRandomLengthString();
  }

  void hear(const Endpoint& to, std::string_view bytes) {
    const auto datagram = parse_datagram(bytes);
    require(datagram.has_value(), "what the server sends is well formed");
    Person& person = *std::find_if(people_.begin(), people_.end(),
                                   [&](const Person& each) { return each.endpoint == to; });
    if (&person == speaker_ && stranger_) {
      require(bytes.size() + kHeaders <= 3 * (answered_ + kHeaders), "no answer amplifies");
      require(
          datagram->verb == "COOKIE" || datagram->verb == "WELCOME" || datagram->verb == "ERROR",
          "a stranger hears nothing of the chat");
    }
    if (datagram->verb == "COOKIE") person.cookie = std::string(datagram->arguments);
    if (datagram->verb == "WELCOME") {
      person.token = std::string(datagram->arguments);
      person.is_in = true;
    }
    if (datagram->verb == "BYE") {
      require(!forged_, "nobody leaves for another");
      person.is_in = false;
    }
    if (datagram->verb == "ACK") require(!forged_, "nobody speaks for another");
  }

  std::array<Person, kPeople> people_;
  Room room_;
  Time now_{std::chrono::hours(1)};

  // Of the datagram that is being received.
  const Person* speaker_ = nullptr;
  bool stranger_ = false;
  bool forged_ = false;
  std::size_t answered_ = 0;  // its bytes
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  Chat chat;
  while (data.remaining_bytes() > 0) chat.move(data);
  return 0;
}
