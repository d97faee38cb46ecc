// SipHash-2-4: a keyed hash for short messages. Whoever does not know the key can neither compute
// a hash nor, having seen others, guess one. (Aumasson and Bernstein, "SipHash: a fast short-input
// PRF", 2012.)

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

using SipKey = std::array<std::uint64_t, 2>;

class SipState {
 public:
  explicit SipState(const SipKey& key) noexcept
      : v0_(key[0] ^ 0x736f6d6570736575),  // "somepseudorandomlygeneratedbytes"
        v1_(key[1] ^ 0x646f72616e646f6d),
        v2_(key[0] ^ 0x6c7967656e657261),
        v3_(key[1] ^ 0x7465646279746573) {}

  void absorb(std::uint64_t word) noexcept {
    v3_ ^= word;
    rounds(2);
    v0_ ^= word;
  }

  std::uint64_t finish() noexcept {
    v2_ ^= 0xff;
    rounds(4);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void rounds(int count) noexcept {
    for (; count > 0; --count) {
      v0_ += v1_;
      v2_ += v3_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ = std::rotl(v0_, 32);
      v2_ += v1_;
      v0_ += v3_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v2_ = std::rotl(v2_, 32);
    }
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

// Words are 8 bytes, the lowest first; the last one has what is left of the message, and in its
// highest byte the message's length.
inline std::uint64_t siphash(const SipKey& key, std::string_view message) noexcept {
  SipState state(key);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(message[i])} << (i % 8 * 8);
    if (i % 8 != 7) continue;
    state.absorb(word);
    word = 0;
  }
  state.absorb(word | std::uint64_t{message.size()} << 56);
  return state.finish();
}
