// Stands in for libcrypto's function of the same name, whose purpose is to be slow.

#pragma once

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>

// It has to be a function of its own that is linked, and its parameters have better names here.
// NOLINTNEXTLINE(misc-definitions-in-headers,readability-inconsistent-declaration-parameter-name)
extern "C" int PKCS5_PBKDF2_HMAC(const char* password, int password_size, const unsigned char* salt,
                                 int salt_size, int /*rounds*/, const EVP_MD* /*digest*/, int size,
                                 unsigned char* out) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: good enough to tell passwords apart
  const auto mix = [&hash](unsigned char byte) {
    hash = (hash ^ byte) * 0x100000001b3;
  };
  std::for_each_n(password, password_size, [&](char c) { mix(static_cast<unsigned char>(c)); });
  std::for_each_n(salt, salt_size, mix);
  for (int i = 0; i < size; ++i) {
    mix(static_cast<unsigned char>(i));
    out[i] = static_cast<unsigned char>(hash >> 56);
  }
  return 1;
}
