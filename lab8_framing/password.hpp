// Passwords, stored so that who steals the file has to guess each of them: a slow hash of the
// password and of a random salt, in the format of Django's hashers,
//
//   pbkdf2_sha256$600000$SALT$HASH
//
// where HASH is the base64 of PBKDF2-HMAC-SHA256(password, SALT, 600000 rounds), 32 bytes. The
// salt makes two people with the same password two different records; the rounds make every
// guess cost what a login costs. See RFC 8018 and OWASP's Password Storage Cheat Sheet.

#pragma once

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "secret.hpp"

constexpr std::size_t kMinPassword = 8;    // bytes
constexpr std::size_t kMaxPassword = 128;  // bytes
constexpr int kRounds = 600'000;
constexpr int kMaxRounds = 10'000'000;  // more in a record is a mistake, and would take seconds
constexpr std::string_view kAlgorithm = "pbkdf2_sha256";

inline bool is_password(std::string_view text) {
  return text.size() >= kMinPassword && text.size() <= kMaxPassword;
}

// What a record says about how it was made. The views are into the record.
struct PasswordRecord {
  int rounds = 0;  // 1 to kMaxRounds
  std::string_view salt;
  std::string_view hash;
};

// std::nullopt if `record` is none.
inline std::optional<PasswordRecord> parse_record(std::string_view record) {
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    const std::size_t end = std::min(record.find('$'), record.size());
    field = record.substr(0, end);
    record.remove_prefix(std::min(end + 1, record.size()));
  }
  const auto [algorithm, rounds, salt, hash] = fields;
  PasswordRecord result{0, salt, hash};
  const auto [end, error] =
      std::from_chars(rounds.data(), rounds.data() + rounds.size(), result.rounds);
  const bool number = error == std::errc() && end == rounds.data() + rounds.size();
  const bool good = algorithm == kAlgorithm && number && result.rounds >= 1 &&
                    result.rounds <= kMaxRounds && !salt.empty() && !hash.empty() && record.empty();
  return good ? std::optional(result) : std::nullopt;
}

// `size` characters of A-Z, a-z and 0-9 from the system's random source.
// Throws std::runtime_error if it has none to give.
inline std::string random_letters(std::size_t size) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string letters;
  while (letters.size() < size) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) throw std::runtime_error("RAND_bytes: no random bytes");
    // Only the first 248 values, so that each of the 62 letters is as likely as the others.
    if (byte < 4 * kLetters.size()) letters.push_back(kLetters[byte % kLetters.size()]);
  }
  return letters;
}

// The record of a password. Takes a good part of a second of computing: that is its purpose.
// Throws std::runtime_error if libcrypto fails.
inline std::string hash_password(const Secret& password, std::string_view salt, int rounds) {
  std::array<unsigned char, 32> hash{};
  const std::string_view text = password.text();
  if (PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()),
                        static_cast<int>(salt.size()), rounds, EVP_sha256(),
                        static_cast<int>(hash.size()), hash.data()) != 1) {
    throw std::runtime_error("PKCS5_PBKDF2_HMAC has failed");
  }
  std::array<unsigned char, 45> base64{};  // 4 characters for each 3 bytes, and a NUL
  EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(hash.size()));
  std::string record(kAlgorithm);
  record.append("$").append(std::to_string(rounds)).append("$").append(salt).append("$");
  return record.append(reinterpret_cast<const char*>(base64.data()));
}

// A password that waits to be hashed, by whom and in which thread may be decided elsewhere.
struct HashJob {
  Secret password;
  std::string salt;
  int rounds = kRounds;
};

inline HashJob new_password_job(Secret password) {
  return {std::move(password), random_letters(22), kRounds};
}

// The hash that `record`, a good one, would have if `password` were the right one.
inline HashJob check_password_job(Secret password, std::string_view record) {
  const PasswordRecord parsed = parse_record(record).value();
  return {std::move(password), std::string(parsed.salt), parsed.rounds};
}

inline std::string run(const HashJob& job) {
  return hash_password(job.password, job.salt, job.rounds);
}
