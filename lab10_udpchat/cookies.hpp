// Cookies: how a server learns that somebody really is at the address he writes on his datagrams,
// without keeping anything for him.
//
// Anybody can write any sender's address on a datagram. So the answer to the first JOIN goes to
// that address and holds a word that only this server can make: a keyed hash of the address, the
// port and the time. Who sends the word back has received it, so he is there. The server forgot it
// meanwhile: it makes it again and compares. (TCP has SYN cookies for the same reason, RFC 4987;
// DTLS a HelloVerifyRequest, RFC 6347.)

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"
#include "endpoint.hpp"
#include "secret_word.hpp"
#include "siphash.hpp"

class Cookies {
 public:
  explicit Cookies(const SipKey& key) noexcept : key_(key) {}

  std::string make(const Endpoint& endpoint, Time now) const {
    return make_in_slot(endpoint, slot_of(now));
  }

  // The time slot in which this cookie was made for this endpoint, or std::nullopt if it was not,
  // or is 5 to 10 seconds old.
  std::optional<std::int64_t> slot_made(std::string_view cookie, const Endpoint& endpoint,
                                        Time now) const {
    const std::int64_t slot = slot_of(now);
    for (const std::int64_t candidate : {slot, slot - 1}) {
      if (equal_secrets(cookie, make_in_slot(endpoint, candidate))) return candidate;
    }
    return std::nullopt;
  }

 private:
  static std::int64_t slot_of(Time now) noexcept {
    constexpr std::chrono::seconds kSlot{5};
    return now.time_since_epoch() / kSlot;
  }

  std::string make_in_slot(const Endpoint& endpoint, std::int64_t slot) const {
    std::string message(endpoint.bytes());
    message.append(hex(static_cast<std::uint64_t>(slot)));
    return hex(siphash(key_, message));
  }

  SipKey key_;
};
