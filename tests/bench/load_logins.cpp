// Measures a login at lab 7, in ms, and the bare hash in it: load_logins PORT COUNT NAME PASSWORD

#include <openssl/evp.h>

#include "lab2_persistent/line_socket.hpp"
#include "load.hpp"
#include "log_in.hpp"

namespace {

constexpr int kRounds = 600'000;

double milliseconds_since(Clock::time_point begin) {
  return Microseconds(Clock::now() - begin).count() / 1000;
}

void hash(const std::string& password) {
  const std::array<unsigned char, 22> salt{};
  std::array<unsigned char, 32> record{};
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), 22, kRounds,
                    EVP_sha256(), 32, record.data());
}

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    std::vector<double> logins;
    std::vector<double> hashes;
    for (int i = 0; i < std::stoi(arguments.at(1)); ++i) {
      auto begin = Clock::now();
      LineSocket socket(connect_to(arguments.at(0)), 1000, [](std::size_t) {});
      log_in(socket, arguments.at(2), arguments.at(3));
      logins.push_back(milliseconds_since(begin));

      begin = Clock::now();
      hash(arguments[3]);
      hashes.push_back(milliseconds_since(begin));
    }
    report("login", quantile(logins, 0.5));
    report("hash", quantile(hashes, 0.5));
  });
}
