// The headers that lab 6 brings: names, the table of them, the file that it is kept in, and the
// lines that the server begins with.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

#include "child.hpp"
#include "connections.hpp"
#include "descriptors.hpp"
#include "lab6_identify/name.hpp"
#include "lab6_identify/names.hpp"
#include "lab6_identify/replace_file.hpp"
#include "lab6_identify/server_line.hpp"
#include "lab6_identify/table_file.hpp"
#include "scratch_folder.hpp"

namespace fs = std::filesystem;
using std::string_literals::operator""s;

namespace {

struct Folder {
  ScratchFolder folder;
};

std::string times(int count, std::string_view text) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(text);
  return all;
}

// Takes every line but that which says "bad".
TableFile table(const std::string& path = "table") {
  return TableFile(path, [](std::string_view key, std::string_view value) {
    return key != "bad" && value != "bad";
  });
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

ino_t inode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_ino;
}

int lowest_free_descriptor() {
  return Descriptor(::dup(STDIN_FILENO)).number();
}

// What `action` throws, as somebody who may not do everything, which root may. Nothing if it
// throws nothing.
std::string error_of_nobody(const std::function<void()>& action) {
  constexpr uid_t kNobody = 65534;
  fs::permissions(".", fs::perms::all);
  Child child([&] {
    if (::geteuid() == 0) {
      check("setgroups", ::setgroups(0, nullptr));
      check("setgid", ::setgid(kNobody));
      check("setuid", ::setuid(kNobody));
    }
    try {
      action();
    } catch (const std::exception& error) {
      const std::string_view what = error.what();
      check("write", ::write(STDERR_FILENO, what.data(), what.size()));
    }
  });
  REQUIRE(child.exit_status() == kReturned);
  return child.errors();
}

}  // namespace

// ---- Names ----

TEST_CASE("a name is 1 to 32 characters, without the spaces around it") {
  CHECK(parse_name("Anna") == "Anna");
  CHECK(parse_name("  Anna Maria ") == "Anna Maria");
  CHECK(parse_name("x") == "x");
  CHECK(parse_name("exit") == "exit");
  CHECK(parse_name(times(32, "x")) == times(32, "x"));
  CHECK(parse_name(" " + times(32, "x") + " ") == times(32, "x"));
  CHECK(parse_name(times(32, "Ж")) == times(32, "Ж"));
  CHECK(parse_name(times(32, "\U0001F600")) == times(32, "\U0001F600"));  // 128 bytes
  CHECK(parse_name("\u00A0") == "\u00A0");                                // no U+0020
}

TEST_CASE("no character and too many are no name") {
  for (const std::string& text :
       {""s, " "s, "    "s, times(33, "x"), times(33, "Ж"), times(33, "\U0001F600")}) {
    CHECK_THROWS_WITH_AS(parse_name(text), "A name has 1 to 32 characters.", std::invalid_argument);
  }
  CHECK_THROWS_AS(parse_name(std::string(1'000'000, 'x')), std::invalid_argument);
}

TEST_CASE("a name has no control character, of whatever kind") {
  for (unsigned code_point = 0; code_point < 0xA0; ++code_point) {
    if (code_point >= 0x20 && code_point < 0x7F) continue;
    CAPTURE(code_point);
    const auto byte = static_cast<char>(static_cast<unsigned char>(code_point));
    const std::string character = code_point < 0x80 ? std::string(1, byte) : "\xC2"s + byte;
    for (const std::string& text : {character, "a" + character, character + "a"}) {
      CHECK_THROWS_WITH_AS(parse_name(text), "A name has no control characters.",
                           std::invalid_argument);
    }
  }
}

TEST_CASE("a name is UTF-8") {
  for (const char* text : {"\xff", "a\x80", "\xd0", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    CHECK_THROWS_WITH_AS(parse_name(text), "A name is text in UTF-8.", std::invalid_argument);
  }
}

TEST_CASE("is_name knows a name as parse_name returns it") {
  CHECK(is_name("Anna Maria"));
  CHECK(is_name(times(32, "Ж")));
  for (const std::string& text : {""s, " Anna"s, "Anna "s, "a\tb"s, "\xff"s, times(33, "x")}) {
    CHECK_FALSE(is_name(text));
  }
}

TEST_CASE("an address is what host_of writes") {
  for (const char* text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::", "fe80::1%eth0",
                           "2001:db8::12", "::ffff:127.0.0.1"}) {
    CAPTURE(text);
    CHECK(is_ip_address(text));
  }
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", " 127.0.0.1",
                           "127.0.0.1 ", "127.0.0.1:80", "[::1]", "%eth0", ":::", "127.0.0.1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(is_ip_address(text));
  }
}

TEST_CASE_FIXTURE(Folder, "names.tsv takes addresses and names") {
  write_file("names.tsv",
             "127.0.0.1\tAnna\n"
             "somewhere\tBoris\n"
             "127.0.0.2\t\n"
             "127.0.0.3\tc\td\n"
             "::1\tЖанна\n");
  TableFile names = open_names();
  CHECK((names.damaged_lines() == std::vector<std::size_t>{2, 3, 4}));
  CHECK(names.find("127.0.0.1") == "Anna");
  CHECK(names.find("::1") == "Жанна");
  CHECK_FALSE(names.find("127.0.0.2"));
  CHECK_FALSE(names.find("127.0.0.3"));
  names.put("127.0.0.12", "Dora");
  CHECK(open_names().find("127.0.0.12") == "Dora");
}

// ---- The table ----

TEST_CASE_FIXTURE(Folder, "a table without a file is empty, and makes none before it has to") {
  const TableFile empty = table();
  CHECK(empty.rows().empty());
  CHECK(empty.damaged_lines().empty());
  CHECK(empty.path() == "table");
  CHECK_FALSE(empty.find(""));
  CHECK_FALSE(fs::exists("table"));
}

TEST_CASE_FIXTURE(Folder, "a table keeps what is put into it, for the next one too") {
  TableFile one = table();
  one.put("a", "1");
  one.put("b", "two words");
  one.put("a", "3");
  for (const TableFile& either : {one, table()}) {
    CHECK(either.find("a") == "3");
    CHECK(either.find("b") == "two words");
    CHECK_FALSE(either.find("A"));
    CHECK_FALSE(either.find("a\t"));
    CHECK(either.rows().size() == 2);
  }
  CHECK(read_file("table") == "a\t3\nb\ttwo words\n");
}

TEST_CASE_FIXTURE(Folder, "a table's rows may be replaced all at once") {
  TableFile one = table();
  one.put("a", "1");
  one.replace({{"b", "2"}, {"c", "3"}});
  CHECK_FALSE(one.find("a"));
  CHECK(read_file("table") == "b\t2\nc\t3\n");
  one.replace({});
  CHECK(read_file("table").empty());
  CHECK(table().rows().empty());
}

TEST_CASE_FIXTURE(Folder, "a value ends with the line, a key with the first tab") {
  write_file("table", "key\tvalue\twith\ttabs\n\tof nobody\nempty\t\nlast\tone");
  const TableFile read = table();
  CHECK(read.find("key") == "value\twith\ttabs");
  CHECK(read.find("") == "of nobody");
  CHECK(read.find("empty") == "");
  CHECK(read.find("last") == "one");
  CHECK(read.damaged_lines().empty());
}

TEST_CASE_FIXTURE(Folder, "of two lines with the same key the later one holds") {
  write_file("table", "a\t1\na\t2\n");
  CHECK(table().find("a") == "2");
}

TEST_CASE_FIXTURE(Folder, "damaged lines are numbered, and kept as they are") {
  const std::string content = "no tab\na\t1\n\nbad\tkey\nb\tbad\n\0\xff\n"s;
  write_file("table", content);
  TableFile read = table();
  CHECK((read.damaged_lines() == std::vector<std::size_t>{1, 3, 4, 5, 6}));
  CHECK(read.rows().size() == 1);
  CHECK(read_file("table") == content);  // reading changes nothing
  read.put("c", "2");
  CHECK(read_file("table") == "a\t1\nc\t2\nno tab\n\nbad\tkey\nb\tbad\n\0\xff\n"s);
  TableFile again = table();
  CHECK((again.damaged_lines() == std::vector<std::size_t>{3, 4, 5, 6, 7}));
  again.put("d", "3");
  CHECK(read_file("table") == "a\t1\nc\t2\nd\t3\nno tab\n\nbad\tkey\nb\tbad\n\0\xff\n"s);
}

TEST_CASE_FIXTURE(Folder, "what cannot be written has not changed, in memory neither") {
  TableFile one = table();
  one.put("a", "1");
  fs::create_directory("table.new");  // so that no file can be written beside it
  CHECK_THROWS_AS(one.put("a", "2"), std::system_error);
  CHECK_THROWS_AS(one.put("b", "2"), std::system_error);
  CHECK_THROWS_AS(one.replace({}), std::system_error);
  CHECK(one.find("a") == "1");
  CHECK_FALSE(one.find("b"));
  CHECK(read_file("table") == "a\t1\n");
  fs::remove("table.new");
  one.put("b", "2");
  CHECK(read_file("table") == "a\t1\nb\t2\n");
}

TEST_CASE_FIXTURE(Folder, "a table has at most 64 MiB") {
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  TableFile one = table();
  CHECK(error_of([&] { one.put("a", std::string(kMost, 'x')); }) == EFBIG);
  CHECK(one.rows().empty());
  CHECK_FALSE(fs::exists("table"));

  write_file("table", "a\t1\n");
  fs::resize_file("table", std::uintmax_t{1} << 40);  // a hole
  CHECK_THROWS_WITH_AS(table(), "read table: it is longer than 67108864 bytes", std::runtime_error);
}

// ---- The file ----

TEST_CASE_FIXTURE(Folder, "a file is read whole, and none is empty") {
  CHECK(read_file("none", 0) == "");
  const std::string content = bytes_in_order(200'000);
  write_file("file", content);
  CHECK(read_file("file", content.size()) == content);
  CHECK_THROWS_WITH_AS(read_file("file", content.size() - 1),
                       "read file: it is longer than 199999 bytes", std::runtime_error);
}

TEST_CASE_FIXTURE(Folder, "what cannot be read is told, and a FIFO does not block") {
  fs::create_directory("folder");
  CHECK_THROWS_WITH_AS(read_file("folder", 9), "read folder: Is a directory", std::system_error);
  write_file("secret", "x");
  fs::permissions("secret", fs::perms::none);
  CHECK(error_of_nobody([] { read_file("secret", 9); }) == "open secret: Permission denied");
  REQUIRE(::mkfifo("fifo", 0600) == 0);
  CHECK(read_file("fifo", 9) == "");
}

TEST_CASE_FIXTURE(Folder, "a file is replaced by another one, which nobody else may read") {
  const mode_t mask = ::umask(0);
  replace_file("file", "old");
  CHECK(mode_of("file") == 0600);
  const ino_t before = inode_of("file");
  const Descriptor old(::open("file", O_RDONLY | O_CLOEXEC));
  fs::permissions("file", fs::perms(0644));
  replace_file("file", "new content");
  ::umask(mask);
  CHECK(read_file("file") == "new content");
  CHECK(content_of(old) == "old");  // whoever has it open still sees it whole
  CHECK(inode_of("file") != before);
  CHECK(mode_of("file") == 0600);
  CHECK_FALSE(fs::exists("file.new"));
}

TEST_CASE_FIXTURE(Folder, "what a crash has left beside a file does no harm") {
  write_file("victim", "precious");
  SUBCASE("half a file that nobody may read") {
    write_file("file.new", "hal");
    fs::permissions("file.new", fs::perms::none);
  }
  SUBCASE("a link to something else, which is not followed") {
    fs::create_symlink("victim", "file.new");
  }
  SUBCASE("another name of something else") {
    fs::create_hard_link("victim", "file.new");
  }
  replace_file("file", "content");
  CHECK(read_file("file") == "content");
  CHECK(mode_of("file") == 0600);
  CHECK(read_file("victim") == "precious");
  CHECK_FALSE(fs::exists("file.new"));
}

TEST_CASE_FIXTURE(Folder, "a file that cannot be replaced stays, and nothing is left beside it") {
  const int free_descriptor = lowest_free_descriptor();
  SUBCASE("since the new one cannot be made") {
    fs::create_directory("file.new");
    write_file("file", "old");
    CHECK_THROWS_WITH_AS(replace_file("file", "new"), "open file.new: File exists",
                         std::system_error);
    CHECK(read_file("file") == "old");
  }
  SUBCASE("since a folder has its name") {
    fs::create_directory("file");
    CHECK_THROWS_WITH_AS(replace_file("file", "new"), "rename to file: Is a directory",
                         std::system_error);
    CHECK_FALSE(fs::exists("file.new"));
  }
  SUBCASE("since its own folder is gone") {
    CHECK_THROWS_WITH_AS(replace_file("gone/file", "new"),
                         "open gone/file.new: No such file or directory", std::system_error);
  }
  CHECK(lowest_free_descriptor() == free_descriptor);
}

TEST_CASE_FIXTURE(Folder, "a read-only file is not replaced, though its folder would allow that") {
  write_file("file", "old");
  fs::permissions("file", fs::perms::owner_read | fs::perms::others_read);
  CHECK(error_of_nobody([] { replace_file("file", "new"); }) == "write file: Permission denied");
  CHECK(read_file("file") == "old");
  CHECK_FALSE(fs::exists("file.new"));
}

TEST_CASE_FIXTURE(Folder, "a folder that cannot be opened is told before anything has changed") {
  fs::create_directory("closed");
  write_file("closed/file", "old");
  fs::permissions("closed/file", fs::perms::all);
  fs::permissions("closed", static_cast<fs::perms>(0333));  // to be changed, and not to be read
  CHECK(error_of_nobody([] {
          fs::current_path("closed");
          replace_file("file", "new");
        }) == "open .: Permission denied");
  fs::permissions("closed", fs::perms::all);
  CHECK(read_file("closed/file") == "old");
  CHECK_FALSE(fs::exists("closed/file.new"));
}

TEST_CASE_FIXTURE(Folder, "a disk that is full in the middle leaves the old file") {
  write_file("file", "old");
  fs::permissions("file", fs::perms::all);
  const std::string told = error_of_nobody([] {
    static_cast<void>(::signal(SIGXFSZ, SIG_IGN));
    const rlimit limit{.rlim_cur = 1000, .rlim_max = 1000};
    check("setrlimit", ::setrlimit(RLIMIT_FSIZE, &limit));
    replace_file("file", std::string(5000, 'x'));
  });
  CHECK(told == "write file.new: File too large");
  CHECK(read_file("file") == "old");
  CHECK_FALSE(fs::exists("file.new"));
}

TEST_CASE_FIXTURE(Folder, "a File's descriptor is closed once, and not inherited") {
  const int free_descriptor = lowest_free_descriptor();
  {
    const File file("file", O_WRONLY | O_CREAT, 0600);
    CHECK(file.fd() == free_descriptor);
    CHECK(::fcntl(file.fd(), F_GETFD) == FD_CLOEXEC);
  }
  CHECK_FALSE(is_open(free_descriptor));
  CHECK_THROWS_WITH_AS(File("none", O_RDONLY), "open none: No such file or directory",
                       std::system_error);
}

// ---- The server's lines ----

TEST_CASE("a server's line is a word, what is asked, and a text") {
  const auto parts = [](std::string_view line) {
    const auto [word, what, text] = parse_server_line(line);
    return std::tuple(std::string(word), std::string(what), std::string(text));
  };
  using Parts = std::tuple<std::string, std::string, std::string>;
  CHECK(parts("ASK name What is your name?") == Parts("ASK", "name", "What is your name?"));
  CHECK(parts("OK Hello, Anna!") == Parts("OK", "", "Hello, Anna!"));
  CHECK(parts("ERR A name has 1 to 32.") == Parts("ERR", "", "A name has 1 to 32."));
  CHECK(parts("OK  two spaces ") == Parts("OK", "", " two spaces "));
  CHECK(parts("OK") == Parts("OK", "", ""));
  CHECK(parts("OK ") == Parts("OK", "", ""));
  CHECK(parts("ASK") == Parts("ASK", "", ""));
  CHECK(parts("ASK name") == Parts("ASK", "name", ""));
  CHECK(parts("ASK  name") == Parts("ASK", "", "name"));
  CHECK(parts("OKAY then") == Parts("OKAY", "", "then"));
  CHECK(parts("") == Parts("", "", ""));
  CHECK(parts(" OK") == Parts("", "", "OK"));
}
