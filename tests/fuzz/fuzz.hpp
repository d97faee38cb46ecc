// What the fuzz targets share. A target is a function that is called with bytes that libFuzzer has
// made up, again and again; it calls require() for what must hold whatever the bytes are.

#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

// Ends the program, which libFuzzer takes for a crash and keeps the input of.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// A piece of `rest`, which is shortened by it: as a recv() gives some of what was sent.
inline std::string_view take_piece(std::string_view& rest, FuzzedDataProvider& data) {
  const auto size = data.ConsumeIntegralInRange<std::size_t>(0, rest.size());
  // When the bytes that choose have been used up, the choice is always 0: then all of it.
  const std::string_view piece = rest.substr(0, size == 0 ? rest.size() : size);
  rest.remove_prefix(piece.size());
  return piece;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// A folder in memory where there is one, as the working directory; it goes when the program ends.
inline void work_in_scratch_folder() {
  static std::string folder;
  folder = std::filesystem::exists("/dev/shm") ? "/dev/shm/fuzz.XXXXXX" : "/tmp/fuzz.XXXXXX";
  require(::mkdtemp(folder.data()) != nullptr, "mkdtemp");
  require(::chdir(folder.c_str()) == 0, "chdir");
  std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  });
}
