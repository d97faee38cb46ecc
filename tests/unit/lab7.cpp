// The headers that lab 7 brings: secrets, passwords, sessions, and how often one may guess. The
// login that is made of them is in lab7_login.cpp, the terminal in lab7_terminal.cpp.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "lab7_auth/line_decoder.hpp"
#include "lab7_auth/password.hpp"
#include "lab7_auth/secret.hpp"
#include "lab7_auth/server_line.hpp"
#include "lab7_auth/sessions.hpp"
#include "lab7_auth/throttle.hpp"
#include "lab7_auth/token_file.hpp"
#include "lab7_auth/users.hpp"
#include "scratch_folder.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

struct Folder {
  ScratchFolder folder;
};

std::string hash_of(std::string password, std::string_view salt, int rounds) {
  const std::string record = hash_password(Secret(std::move(password)), salt, rounds);
  return record.substr(record.rfind('$') + 1);
}

bool is_record(std::string_view record) {
  return parse_record(record).has_value();
}

bool all_zero(std::span<const char> bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; });
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

// ---- Secrets ----

TEST_CASE("a text that is wiped leaves nothing, in the memory that it does not use either") {
  for (const std::size_t size :
       {std::size_t{7}, std::size_t{15}, std::size_t{16}, std::size_t{999}}) {
    CAPTURE(size);
    std::string text(size, 'x');
    text.resize(size / 2);
    const std::span<const char> memory(text.data(), text.capacity());
    wipe(text);
    CHECK(text.empty());
    CHECK(all_zero(memory));
  }
}

TEST_CASE("bytes that are wiped are zero") {
  std::array<std::byte, 100> bytes{};
  bytes.fill(std::byte{7});
  wipe(std::span(bytes).first(99));
  CHECK(bytes[0] == std::byte{0});
  CHECK(bytes[98] == std::byte{0});
  CHECK(bytes[99] == std::byte{7});
}

TEST_CASE("a Secret leaves nothing where it was made from, and moved from") {
  std::string text = "password";  // so short that it stands in the std::string itself
  const std::span<const char> memory(text.data(), text.size());
  Secret one(std::move(text));
  CHECK(one.text() == "password");
  CHECK(all_zero(memory));

  const std::span<const char> in_one(one.text().data(), one.text().size());
  Secret other(std::move(one));
  CHECK(other.text() == "password");
  CHECK(all_zero(in_one));

  const std::span<const char> in_other(other.text().data(), other.text().size());
  Secret third(std::string(40, 'x'));
  third = std::move(other);
  CHECK(third.text() == "password");
  CHECK(all_zero(in_other));
  CHECK(Secret().text().empty());
}

TEST_CASE("a Secret leaves nothing when it ends") {
  alignas(Secret) std::array<char, sizeof(Secret)> memory{};
  auto* const secret = new (memory.data()) Secret(std::string("password"));
  CHECK(std::string_view(memory.data(), memory.size()).find("password") != std::string_view::npos);
  std::destroy_at(secret);
  CHECK(std::string_view(memory.data(), memory.size()).find("assword") == std::string_view::npos);
}

TEST_CASE("two secrets are the same, or not") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("password", std::string("password")));
  for (const char* other : {"", "passwor", "passwords", "Password", "passworD", "p"}) {
    CHECK_FALSE(same_secret("password", other));
  }
  CHECK(same_secret(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  CHECK_FALSE(same_secret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("a line that has been given out is wiped: it may be a password") {
  LineDecoder decoder;
  const auto holds = [&decoder](std::string_view text) {
    return as_text(std::as_bytes(std::span(&decoder, 1))).find(text) != std::string_view::npos;
  };
  decoder.append(as_bytes("secret\nmore"));
  CHECK(holds("secret"));
  CHECK(decoder.next() == "secret");
  CHECK_FALSE(holds("ecret"));
  CHECK_FALSE(decoder.next());
  decoder.append(as_bytes("\n"));
  CHECK(decoder.next() == "more");
}

TEST_CASE("a line that comes in pieces leaves nothing in the memory that it has grown out of") {
  LineDecoder decoder;
  const auto holds = [&decoder](std::string_view text) {
    return as_text(std::as_bytes(std::span(&decoder, 1))).find(text) != std::string_view::npos;
  };
  decoder.append(as_bytes("12345678secret"));  // held in the decoder itself
  CHECK(holds("secret"));
  decoder.append(as_bytes(std::string(100, 'x') + "\n"));  // too long to be held there
  CHECK_FALSE(holds("secret"));
  CHECK(decoder.next() == "12345678secret" + std::string(100, 'x'));
}

TEST_CASE("a line that the end has cut off is wiped when it has been given out") {
  LineDecoder decoder;
  const auto holds = [&decoder](std::string_view text) {
    return as_text(std::as_bytes(std::span(&decoder, 1))).find(text) != std::string_view::npos;
  };
  decoder.append(as_bytes("secret"));
  CHECK(holds("secret"));
  CHECK(decoder.rest() == "secret");
  CHECK_FALSE(holds("ecret"));
}

TEST_CASE("a decoder of lines leaves nothing when it ends, of half a line neither") {
  alignas(LineDecoder) std::array<char, sizeof(LineDecoder)> memory{};
  auto* const decoder = new (memory.data()) LineDecoder;
  decoder->append(as_bytes("secret"));
  CHECK(std::string_view(memory.data(), memory.size()).find("secret") != std::string_view::npos);
  std::destroy_at(decoder);
  CHECK(std::string_view(memory.data(), memory.size()).find("ecret") == std::string_view::npos);
}

TEST_CASE("a server's line may bring a token") {
  const ServerLine line = parse_server_line("TOKEN 0123abc");
  CHECK(line.word == "TOKEN");
  CHECK(line.what == "");
  CHECK(line.text == "0123abc");
  CHECK(parse_server_line("ASK new-password Choose one:").what == "new-password");
}

// ---- Passwords ----

TEST_CASE("a password has 8 to 128 bytes") {
  CHECK_FALSE(is_password(""));
  CHECK_FALSE(is_password("1234567"));
  CHECK(is_password("12345678"));
  CHECK(is_password("Жизн"));  // of two bytes each
  CHECK(is_password(std::string(128, 'x')));
  CHECK_FALSE(is_password(std::string(129, 'x')));
  CHECK(is_password(std::string(8, '\0')));
}

TEST_CASE("PBKDF2 is that of the known vectors") {
  // HMAC-SHA256 with the inputs of RFC 6070. Base64 of 120fb6cf..., ae4d0c95... and c5e478d5...
  CHECK(hash_of("password", "salt", 1) == "Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=");
  CHECK(hash_of("password", "salt", 2) == "rk0Mla9rRtMtCt/5KPBt0CowP47zwlHf1uLYWpVHTEM=");
  CHECK(hash_of("password", "salt", 4096) == "xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=");
  CHECK(hash_of("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096) ==
        "NIyJ28vTKy8y2BS4EW6EzysXNH68GAAYHE4qH7jdU+E=");
  CHECK(hash_of("", "salt", 1) != hash_of("password", "salt", 1));
}

TEST_CASE("a record that Django has made is understood") {
  // From the tests of Django 4.2, auth_tests/test_hashers.py.
  const std::string record =
      "pbkdf2_sha256$600000$seasalt$OAXyhAQ/4ZDA9V5RMExt3C1OwQdUpLZ99vm1McFlLRA=";
  CHECK(run(check_password_job(Secret(std::string("lètmein")), record)) == record);
}

TEST_CASE("a record says how it was made") {
  const auto record = parse_record("pbkdf2_sha256$1000$pepper$aGFzaA==");
  REQUIRE(record);
  CHECK(record->rounds == 1000);
  CHECK(record->salt == "pepper");
  CHECK(record->hash == "aGFzaA==");
  CHECK(is_record("pbkdf2_sha256$1$s$h"));
  CHECK(is_record("pbkdf2_sha256$10000000$s$h"));
}

TEST_CASE("what is no record is told from one") {
  for (const char* text : {"",
                           "password",
                           "pbkdf2_sha256",
                           "pbkdf2_sha256$1$s",
                           "pbkdf2_sha256$1$s$",
                           "pbkdf2_sha256$1$$h",
                           "pbkdf2_sha256$$s$h",
                           "pbkdf2_sha256$0$s$h",
                           "pbkdf2_sha256$-1$s$h",
                           "pbkdf2_sha256$+1$s$h",
                           "pbkdf2_sha256$ 1$s$h",
                           "pbkdf2_sha256$1x$s$h",
                           "pbkdf2_sha256$10000001$s$h",
                           "pbkdf2_sha256$99999999999999999999$s$h",
                           "pbkdf2_sha256$1$s$h$more",
                           "pbkdf2_sha1$1$s$h",
                           "PBKDF2_SHA256$1$s$h",
                           "$1$s$h",
                           "argon2$1$s$h",
                           "pbkdf2_sha256\t1$s$h"}) {
    CAPTURE(text);
    CHECK_FALSE(is_record(text));
  }
}

TEST_CASE("a new password gets 600,000 rounds and a salt of 22 random characters") {
  const HashJob one = new_password_job(Secret(std::string("password")));
  const HashJob other = new_password_job(Secret(std::string("password")));
  CHECK(one.rounds == 600'000);
  CHECK(one.password.text() == "password");
  CHECK(one.salt.size() == 22);
  CHECK(one.salt != other.salt);
  const std::string record = run({Secret(std::string("password")), one.salt, 3});
  CHECK(parse_record(record)->salt == one.salt);
  CHECK(parse_record(record)->rounds == 3);
  CHECK(parse_record(record)->hash.size() == 44);
}

TEST_CASE("a password is checked with the salt and the rounds of its record") {
  const std::string record = hash_password(Secret(std::string("password")), "pepper", 7);
  const HashJob job = check_password_job(Secret(std::string("password")), record);
  CHECK(job.salt == "pepper");
  CHECK(job.rounds == 7);
  CHECK(run(job) == record);
  for (const char* other : {"", "passwor", "passwords", "Password", "password "}) {
    CHECK(run(check_password_job(Secret(std::string(other)), record)) != record);
  }
}

TEST_CASE("random letters are all of A-Z, a-z and 0-9, and each as often as another") {
  const std::string letters = random_letters(62 * 400);
  CHECK(letters.size() == 62 * 400);
  const std::set<char> different(letters.begin(), letters.end());
  CHECK(different.size() == 62);
  for (const char letter : different) {
    CAPTURE(letter);
    CHECK(std::isalnum(static_cast<unsigned char>(letter)));
    // 400 is expected, and the standard deviation is 20: this fails once in 10^15 runs.
    CHECK(std::ranges::count(letters, letter) > 240);
    CHECK(std::ranges::count(letters, letter) < 560);
  }
  CHECK(random_letters(0).empty());
}

TEST_CASE_FIXTURE(Folder, "users.tsv takes names and records") {
  const std::string record = "pbkdf2_sha256$1$s$h";
  write_file("users.tsv", "Anna\t" + record + "\nBoris\tpassword\n \t" + record + "\n" + record +
                              "\nЖанна\t" + record + "\n");
  TableFile users = open_users();
  CHECK((users.damaged_lines() == std::vector<std::size_t>{2, 3, 4}));
  CHECK(users.find("Anna") == record);
  CHECK(users.find("Жанна") == record);
  CHECK_FALSE(users.find("Boris"));
  users.put("Clara", record);
  CHECK(mode_of("users.tsv") == 0600);
  CHECK(open_users().find("Clara") == record);
}

// ---- Sessions ----

namespace {

const auto kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 13h + 500ms;

std::optional<std::string> owner_of(const Secret& token, Sessions::Clock::time_point time = kNow) {
  return Sessions().find(token, time);
}

Secret copy_of(const Secret& token) {
  return Secret(std::string(token.text()));
}

}  // namespace

TEST_CASE("hexadecimal digits are written where there is room for all: none are left elsewhere") {
  const std::array<unsigned char, 32> bytes{0x0f, 0xa0};
  const std::string digits = to_hex(bytes);
  CHECK(digits == "0fa0" + std::string(60, '0'));
  CHECK(digits.capacity() == 64);
}

TEST_CASE("a digest is the SHA-256 of the digits, in hexadecimal digits") {
  CHECK(digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex({}) == "");
  const std::array<unsigned char, 4> bytes = {0x00, 0x7F, 0x80, 0xFF};
  CHECK(to_hex(bytes) == "007f80ff");
}

TEST_CASE_FIXTURE(Folder, "a session has a token of 64 digits, which the file does not hold") {
  Sessions sessions;
  const Secret token = sessions.open("Жанна", kNow);
  CHECK(token.text().size() == 64);
  CHECK(token.text().find_first_not_of(kHexDigits) == std::string_view::npos);
  CHECK(sessions.find(token, kNow) == "Жанна");
  CHECK(owner_of(token) == "Жанна");  // after a restart
  const std::string expiry = std::to_string(
      std::chrono::floor<std::chrono::seconds>((kNow + 24h).time_since_epoch()).count());
  CHECK(read_file("sessions.tsv") == digest_of(token.text()) + "\tЖанна\t" + expiry + "\n");
  CHECK(mode_of("sessions.tsv") == 0600);
}

TEST_CASE_FIXTURE(Folder, "every session is another one, and none ends another") {
  Sessions sessions;
  const Secret one = sessions.open("Anna", kNow);
  const Secret other = sessions.open("Anna", kNow);
  const Secret of_boris = sessions.open("Boris", kNow);
  CHECK(one.text() != other.text());
  CHECK(owner_of(one) == "Anna");
  CHECK(owner_of(other) == "Anna");
  CHECK(owner_of(of_boris) == "Boris");
  sessions.close(one);
  CHECK_FALSE(sessions.find(one, kNow));
  CHECK_FALSE(owner_of(one));
  CHECK(owner_of(other) == "Anna");
  sessions.close(one);  // once more
  CHECK(owner_of(of_boris) == "Boris");
}

TEST_CASE_FIXTURE(Folder, "what is no token finds nothing") {
  Sessions sessions;
  const Secret token = sessions.open("Anna", kNow);
  const std::string good(token.text());
  for (const std::string& text :
       {std::string(), std::string(64, '0'), good + "0", good.substr(1), digest_of(good),
        std::string("Anna"), std::string("\t"), std::string(1'000'000, 'x')}) {
    CHECK_FALSE(sessions.find(Secret(std::string(text)), kNow));
  }
}

TEST_CASE_FIXTURE(Folder, "a session ends 24 hours after its login, used or not") {
  Sessions sessions;
  const Secret token = sessions.open("Anna", kNow);
  CHECK(sessions.find(token, kNow + 24h - 1s) == "Anna");
  CHECK_FALSE(sessions.find(token, kNow + 24h));
  CHECK(sessions.find(token, kNow + 23h) == "Anna");
  CHECK_FALSE(sessions.find(token, kNow + 24h + 1s));
}

TEST_CASE_FIXTURE(Folder, "sessions that have ended are cleared away at the next login") {
  Sessions sessions;
  const Secret old = sessions.open("Anna", kNow);
  const Secret younger = sessions.open("Boris", kNow + 1h);
  const Secret now = sessions.open("Clara", kNow + 24h);
  CHECK(sessions.file().rows().size() == 2);
  CHECK(owner_of(younger, kNow + 24h) == "Boris");
  CHECK(owner_of(now, kNow + 24h) == "Clara");
  CHECK_FALSE(owner_of(old, kNow));  // though that would have been in time
}

TEST_CASE_FIXTURE(Folder, "a session that cannot be stored is none, or is alive if it was one") {
  Sessions sessions;
  const Secret token = sessions.open("Anna", kNow);
  fs::create_directory("sessions.tsv.new");
  CHECK_THROWS_AS(sessions.open("Boris", kNow), std::system_error);
  CHECK_THROWS_AS(sessions.close(copy_of(token)), std::system_error);
  CHECK(sessions.find(token, kNow) == "Anna");
  CHECK(owner_of(token) == "Anna");
  CHECK(sessions.file().rows().size() == 1);
}

TEST_CASE_FIXTURE(Folder, "sessions.tsv takes digests, names and times") {
  const std::string digest = digest_of("token");
  const std::string other = digest_of("other");
  write_file("sessions.tsv", other + "\tAnna\n" + other + "\t\t1\n" + other + "\tAnna\tsoon\n" +
                                 other + "\tAnna\t1 \n" + other.substr(1) + "\tAnna\t1\n" + other +
                                 "\tAnna\t99999999999999999999\n" + digest + "\tЖанна\t" +
                                 "9999999999\n");
  const Sessions sessions;
  CHECK((sessions.file().damaged_lines() == std::vector<std::size_t>{1, 2, 3, 4, 5, 6}));
  CHECK(sessions.find(Secret(std::string("token")), kNow) == "Жанна");
  CHECK_FALSE(sessions.find(Secret(std::string("other")), kNow));
}

// ---- Guessing ----

namespace {

constexpr Throttle::Clock::time_point kStart{};

// How many of so many tries are let in, all at this time.
int count_admitted(Throttle& throttle, int tries, Throttle::Clock::time_point time,
                   const std::string& name = "Anna") {
  int admitted = 0;
  for (int i = 0; i < tries; ++i) admitted += throttle.admit(name, time) ? 1 : 0;
  return admitted;
}

}  // namespace

TEST_CASE("five tries within a minute, and then none for a minute") {
  Throttle throttle;
  CHECK(count_admitted(throttle, 4, kStart) == 4);
  CHECK(count_admitted(throttle, 3, kStart + 59s) == 1);
  CHECK(count_admitted(throttle, 3, kStart + 60s) == 0);  // not a minute after the first, ...
  CHECK(count_admitted(throttle, 3, kStart + 59s + 59s) == 0);
  CHECK(count_admitted(throttle, 9, kStart + 59s + 60s) == 5);  // ... but after the fifth
  CHECK(count_admitted(throttle, 9, kStart + 59s + 61s) == 0);
}

TEST_CASE("tries that are a minute old do not count") {
  Throttle throttle;
  for (int i = 0; i < 100; ++i) {
    CHECK(count_admitted(throttle, 1, kStart + i * 15s) == 1);  // four a minute
  }
}

TEST_CASE("each name has tries of its own") {
  Throttle throttle;
  CHECK(count_admitted(throttle, 9, kStart, "Anna") == 5);
  CHECK(count_admitted(throttle, 9, kStart, "anna") == 5);
  CHECK(count_admitted(throttle, 9, kStart, "Boris") == 5);
}

TEST_CASE("a try that was right does not count") {
  Throttle throttle;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(throttle.admit("Anna", kStart));
    throttle.forgive("Anna", kStart);
  }
  CHECK(count_admitted(throttle, 4, kStart) == 4);
  REQUIRE(throttle.admit("Anna", kStart + 1s));
  throttle.forgive("Anna", kStart + 1s);
  CHECK(count_admitted(throttle, 9, kStart + 2s) == 1);  // the wrong ones before it do
}

TEST_CASE("a try counts as wrong until it is known to be right") {
  Throttle throttle;
  CHECK(count_admitted(throttle, 20, kStart) == 5);  // none of which has been decided
  throttle.forgive("Anna", kStart);
  CHECK(count_admitted(throttle, 20, kStart) == 1);
}

TEST_CASE("what was never tried may be forgiven") {
  Throttle throttle;
  throttle.forgive("Anna", kStart);
  REQUIRE(throttle.admit("Anna", kStart));
  throttle.forgive("Anna", kStart + 1s);
  CHECK(count_admitted(throttle, 9, kStart) == 4);
}

// ---- The client's session ----

TEST_CASE("a token is hexadecimal digits, and at least one") {
  CHECK(is_token("0"));
  CHECK(is_token("0123456789abcdefABCDEF"));
  CHECK(is_token(std::string(1024, 'a')));
  for (const std::string& text :
       {std::string(), std::string("g"), std::string("0 1"), std::string("01\n"),
        std::string("0x1"), std::string("\0", 1), std::string(1025, 'a')}) {
    CHECK_FALSE(is_token(text));
  }
}

TEST_CASE_FIXTURE(Folder, "a session is kept, where nobody else can read it, and deleted") {
  CHECK(read_token().text().empty());
  const mode_t mask = ::umask(0);
  write_token("0123abc");
  ::umask(mask);
  CHECK(read_token().text() == "0123abc");
  CHECK(mode_of("session.token") == 0600);
  write_token("ffff");
  CHECK(read_token().text() == "ffff");
  delete_token();
  CHECK(read_token().text().empty());
  CHECK_FALSE(fs::exists("session.token"));
  delete_token();  // none is as good
}

TEST_CASE_FIXTURE(Folder, "a session that cannot be deleted is told") {
  fs::create_directory("session.token");  // unlink() deletes no folder, not even for root
  CHECK_THROWS_AS(delete_token(), std::system_error);
}

TEST_CASE_FIXTURE(Folder, "a file with something else in it holds no session") {
  write_file("session.token", "0123abc\n");
  CHECK(read_token().text() == "0123abc");
  for (const std::string& content :
       {std::string("\n"), std::string("0123abc\n\n"), std::string("0123abc\r\n"),
        std::string("my token\n"), std::string(1025, 'a'), std::string(1'000'000, 'a')}) {
    write_file("session.token", content);
    CHECK(read_token().text().empty());
  }
  write_file("session.token", std::string(1024, 'a'));
  CHECK(read_token().text().size() == 1024);
  delete_token();
  fs::create_directory("session.token");
  CHECK_THROWS_AS(read_token(), std::system_error);
}
