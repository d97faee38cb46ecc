// Who is logged in: the file sessions.tsv, "DIGEST<TAB>NAME<TAB>EXPIRY" a line.
//
// A token is as good as a password, so the server does not keep it, but its SHA-256. That is not
// slow, and need not be: nobody can guess 32 random bytes. EXPIRY is in seconds since 1970.

#pragma once

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "name.hpp"
#include "secret.hpp"
#include "table_file.hpp"

constexpr std::chrono::hours kSessionTime{24};  // from the login on, used or not

inline std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());  // so that growing leaves no copy of a token behind
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0xF]);
  }
  return text;
}

// The SHA-256 of a token's digits, as 64 hexadecimal digits.
inline std::string digest_of(std::string_view token) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("EVP_Digest has failed");
  }
  return to_hex(digest);
}

class Sessions {
 public:
  using Clock = std::chrono::system_clock;

  // Throws what TableFile throws.
  Sessions()
      : file_("sessions.tsv", [](std::string_view digest, std::string_view value) {
          return digest.size() == 64 && parse(value).has_value();
        }) {}

  const TableFile& file() const noexcept { return file_; }

  // A new token for `name`: 32 random bytes as 64 hexadecimal digits. It is on the disk when this
  // returns; throws std::system_error if that fails. Sessions that have ended are cleared away.
  Secret open(const std::string& name, Clock::time_point now) {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), bytes.size()) != 1) {
      throw std::runtime_error("RAND_bytes: no random bytes");
    }
    Secret token(to_hex(bytes));
    wipe(std::as_writable_bytes(std::span(bytes)));
    TableFile::Rows rows = file_.rows();
    std::erase_if(rows,
                  [now](const auto& row) { return parse(row.second)->expiry <= seconds(now); });
    rows[digest_of(token.text())] = name + "\t" + std::to_string(seconds(now + kSessionTime));
    file_.replace(std::move(rows));
    return token;
  }

  // Whose session it is, if it is one. That a digest is searched for, and not the token, also
  // keeps the time of the search from telling anything about a token.
  std::optional<std::string> find(const Secret& token, Clock::time_point now) const {
    const auto value = file_.find(digest_of(token.text()));
    if (!value) return std::nullopt;
    const Session session = *parse(*value);
    if (session.expiry <= seconds(now)) return std::nullopt;
    return std::string(session.name);
  }

  // Ends a session, on the disk too. Throws std::system_error if that fails; it is alive then.
  void close(const Secret& token) {
    TableFile::Rows rows = file_.rows();
    rows.erase(digest_of(token.text()));
    file_.replace(std::move(rows));
  }

 private:
  struct Session {
    std::string_view name;
    std::int64_t expiry = 0;
  };

  static std::int64_t seconds(Clock::time_point time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  }

  static std::optional<Session> parse(std::string_view value) {
    const std::size_t tab = value.find('\t');
    if (tab == std::string_view::npos || !is_name(value.substr(0, tab))) return std::nullopt;
    const std::string_view digits = value.substr(tab + 1);
    Session session{value.substr(0, tab), 0};
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), session.expiry);
    const bool number = error == std::errc() && end == digits.data() + digits.size();
    return number ? std::optional(session) : std::nullopt;
  }

  TableFile file_;
};
