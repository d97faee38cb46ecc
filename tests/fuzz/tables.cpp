// The files names.tsv, users.tsv and sessions.tsv, whatever stands in them: they can be read, a new
// row joins the old ones, and no line that was damaged is lost.

#include "fuzz.hpp"
#include "lab7_auth/accounts.hpp"

#include <fstream>

namespace {

using Table = TableFile (*)();

// Lab 6's, whose header includes its own copies of what lab 7 has; one program has room for one.
TableFile open_names() {
  return TableFile("names.tsv", [](std::string_view ip, std::string_view name) {
    return !ip.empty() && is_name(name);
  });
}

void check_put(Table open, const std::string& path, std::string_view content,
               const std::string& key, const std::string& value) {
  std::ofstream(path, std::ios::binary) << content;
  TableFile table = open();
  TableFile::Rows rows = table.rows();
  const std::size_t damaged = table.damaged_lines().size();

  table.put(key, value);
  rows.insert_or_assign(key, value);
  const TableFile again = open();
  require(again.rows() == rows, "a new row joins the old ones");
  require(again.damaged_lines().size() == damaged, "what was damaged is kept");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  work_in_scratch_folder();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  check_put(open_names, "names.tsv", content, "127.0.0.1", "Anna");
  check_put(open_users, "users.tsv", content, "Anna", "pbkdf2_sha256$1$salt$hash");

  std::ofstream("sessions.tsv", std::ios::binary) << content;
  const auto now = Sessions::Clock::now();
  Sessions sessions;
  const Secret token = sessions.open("Anna", now);
  require(Sessions().find(token, now) == "Anna", "a session is found again");
  sessions.close(token);
  require(!Sessions().find(token, now), "a session that was ended is not");
  return 0;
}
