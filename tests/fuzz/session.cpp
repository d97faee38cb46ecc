// The client of lab 10, whatever the server sends: what it sends is well formed, what it tells its
// user is text, and it waits for what is next.

#include "lab10_udpchat/session.hpp"
#include "fuzz.hpp"

#include <array>

namespace {

class Talk {
 public:
  void move(FuzzedDataProvider& data) {
    switch (data.ConsumeIntegralInRange(0, 5)) {
      case 0:
        now_ += std::chrono::milliseconds(data.ConsumeIntegral<std::uint16_t>());
        session_.tick(now_);
        require(session_.next_due(now_) > now_, "the loop comes to rest");
        break;
      case 1:
        if (session_.has_room()) session_.say("text");
        break;
      case 2:
        session_.who(now_);
        break;
      case 3:
        if (data.ConsumeIntegralInRange(0, 20) == 0) session_.leave(now_);
        break;
      default:
        session_.receive(make_datagram(data), now_);
    }
    while (const auto event = session_.next_event()) {
      require(is_utf8(event->text), "what is told is UTF-8");
      require(event->kind != Event::Kind::kLine || is_line(event->text), "a chat line is a line");
    }
  }

 private:
  static std::string make_datagram(FuzzedDataProvider& data) {
    constexpr std::array<const char*, 9> kVerbs = {"",     "COOKIE ", "WELCOME ", "ERROR ", "ACK ",
                                                   "MSG ", "NOTE ",   "MEMBERS ", "BYE"};
    const std::string verb = data.PickValueInArray(kVerbs);
    const bool numbered = verb == "ACK " || verb == "MSG " || verb == "NOTE ";
    const int number = numbered ? data.ConsumeIntegralInRange(0, 80) : 0;
    return verb + (number > 0 ? std::to_string(number) : "") + data.ConsumeRandomLengthString();
  }

  static void hear(std::string_view bytes) {
    require(parse_datagram(bytes).has_value(), "what the client sends is well formed");
  }

  Time now_{std::chrono::hours(1)};
  Session session_{"anna", hear, now_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  Talk talk;
  while (data.remaining_bytes() > 0) talk.move(data);
  return 0;
}
