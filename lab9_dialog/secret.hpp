// A text that must not be left lying about in memory: a password, a token.

#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Overwrites memory that is about to be given up. A plain assignment would not do: the compiler
// leaves out what nobody reads any more. See OPENSSL_cleanse(3).
inline void wipe(std::span<std::byte> bytes) noexcept {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

// The same for all the memory of `text`, which then is empty.
inline void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // a short text, when moved from, leaves its bytes behind
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

// Wipes the text it owns when it ends.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string&& text) noexcept : text_(std::move(text)) { wipe(text); }
  Secret(Secret&& other) noexcept : Secret(std::move(other.text_)) {}
  Secret& operator=(Secret&& other) noexcept {
    wipe(text_);
    text_ = std::move(other.text_);
    wipe(other.text_);
    return *this;
  }
  ~Secret() { wipe(text_); }

  std::string_view text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Whether both are the same, in a time that tells nothing about where they differ. Their lengths
// are no secret. See CRYPTO_memcmp(3).
inline bool same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}
