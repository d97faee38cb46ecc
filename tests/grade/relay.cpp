#include "relay.hpp"

#include <utility>

namespace grade {

void Relay::Side::ready(short events) {
  UdpSocket::ready(events);
  while (!arrived().empty()) {
    Datagram datagram = std::move(arrived().front());
    arrived().pop_front();
    pass_(std::move(datagram));
  }
}

Relay::Relay(const Address& server, Weather weather, std::uint64_t seed)
    : server_(server),
      weather_(weather),
      random_(seed),
      front_([this](const Datagram& datagram) { from_client(datagram); }) {}

void Relay::from_client(const Datagram& datagram) {
  auto& back = backs_[datagram.from.text()];
  if (!back) {
    back = std::make_unique<Side>([this, client = datagram.from](const Datagram& answer) {
      pass(front_, client, answer.bytes);
    });
  }
  pass(*back, server_, datagram.bytes);
}

void Relay::pass(UdpSocket& by, const Address& to, const std::string& bytes) {
  const int copies = happens(weather_.doubled) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (happens(weather_.dropped)) continue;
    if (happens(weather_.reordered)) {
      held_.push_back({std::uniform_int_distribution<int>(1, 10)(random_), &by, to, bytes});
    } else {
      deliver(by, to, bytes);
    }
  }
}

void Relay::deliver(UdpSocket& by, const Address& to, const std::string& bytes) {
  by.send(to, bytes);
  for (Held& held : held_) {
    if (--held.others == 0) held.by->send(held.to, held.bytes);
  }
  std::erase_if(held_, [](const Held& held) { return held.others <= 0; });
}

}  // namespace grade
