// lab6_identify, what the reference programs keep besides: the file names.tsv, and that it outlives
// whatever happens to the server.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "echo.hpp"
#include "guests.hpp"
#include "identity.hpp"
#include "lines.hpp"
#include "loop.hpp"
#include "memory_folder.hpp"
#include "strace.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[5];

std::string names_in(const std::string& folder) {
  return folder + "/names.tsv";
}

// A folder in which names.tsv has this content.
std::string folder_with_names(const std::string& content) {
  const std::string folder = scratch::folder("names");
  scratch::write_file(names_in(folder), content);
  return folder;
}

Setup in_folder(const std::string& folder) {
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

Outcome is_known(Server& server, const std::string& from, const std::string& name) {
  Talk talk(server, {.from = from});
  return talk.hears("OK Hello, " + name + "!");
}

// Is asked, and says this name. The conversation goes on.
void says_name(Talk& talk, const std::string& name) {
  REQUIRE(talk.is_asked("name"));
  talk.say(name);
}

Outcome is_stored(Server& server, const std::string& from, const std::string& name) {
  Talk talk(server, {.from = from});
  says_name(talk, name);
  return talk.hears("OK Nice to meet you, " + name + "!");
}

// A name is not stored, and this is told to both sides.
void cannot_store(Server& server, const std::string& from) {
  const std::size_t errors = server.count("error");
  Talk talk(server, {.from = from});
  says_name(talk, "Zoe");
  CHECK(talk.is_refused());
  CHECK(talk.ends());
  CHECK(server.says("error", {"names.tsv"}));
  CHECK(server.count("error") == errors + 1);
}

// A file that the server cannot begin with: it says so, and leaves it as it is.
void is_fatal(const Setup& setup) {
  Server server(kLab, setup);
  REQUIRE(server.exits(1));
  CHECK(server.says("error", {"names.tsv"}));
  CHECK(server.err().all().find("names.tsv") != std::string::npos);
  CHECK(server.out().all() == "");
}

// What a server did between a name and its OK.
std::vector<std::string> steps_of_a_store(const std::vector<std::string>& calls,
                                          const std::string& folder) {
  std::vector<std::string> steps;
  for (const std::string& call : calls) {
    const bool of_folder = call.find(folder + ">") != std::string::npos;
    const bool in_place = call.find(names_in(folder) + ">") != std::string::npos;
    if (call.starts_with("fsync(") || call.starts_with("fdatasync(")) {
      steps.emplace_back(of_folder  ? "sync the folder"
                         : in_place ? "sync the file itself"
                                    : "sync a file beside");
    } else if (call.starts_with("rename")) {
      steps.emplace_back("rename");
    } else if (call.find("\"OK ") != std::string::npos) {
      steps.emplace_back("OK");
    }
  }
  return steps;
}

// ---- kill -9 while names are being stored ----

struct Stored {
  std::string ip;
  std::string name;
  std::string line() const { return ip + "\t" + name; }
};

// The next one of 60,000, none of them twice.
Stored next_person() {
  static int last = 0;
  ++last;
  const std::string number = std::to_string(last);
  return {"127.66." + std::to_string(last / 250) + "." + std::to_string(last % 250 + 1),
          number + std::string(static_cast<std::size_t>(last % 13), 'x') + " — Person"};
}

constexpr std::size_t kCrowd = 12;

// Clients that have said their names to a server that stands still: once it goes on, it stores one
// name after another, as fast as it can.
class Crowd {
 public:
  Crowd(Server& server, std::uint16_t port) {
    // The server may not listen yet; once it does, it stops.
    add(server, port);
    server.signal(SIGSTOP);
    while (people_.size() < kCrowd) add(server, port);
    server.signal(SIGCONT);
  }

  // How many have been told that their names are stored, so far.
  std::size_t greeted() const {
    return static_cast<std::size_t>(std::ranges::count_if(peers_, [](const auto& peer) {
      return peer->incoming.all().find("OK Nice to meet you") != std::string::npos;
    }));
  }

  // All conversations are over.
  Outcome is_over() {
    for (const auto& peer : peers_) {
      if (const Outcome over = peer->is_dropped(); !over) return over;
    }
    return Outcome::holds();
  }

  const std::vector<Stored>& people() const { return people_; }

 private:
  void add(Server& server, std::uint16_t port) {
    people_.push_back(next_person());
    peers_.push_back(std::make_unique<Peer>(Address("127.0.0.1", port),
                                            PeerOptions{.from = people_.back().ip},
                                            [&server] { return server.is_over(); }));
    peers_.back()->send(people_.back().name + "\nexit\n");
    peers_.back()->finish_sending();
  }

  std::vector<Stored> people_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

// What is in the file after the kill is what was in it before and the first few of the crowd, in
// order; all who were greeted are among them. `lines` is what is in it then.
Outcome is_old_or_new(const std::string& folder, const Crowd& crowd,
                      std::vector<std::string>& lines) {
  const std::string content = scratch::read_file(names_in(folder));
  if (!content.empty() && !content.ends_with('\n')) {
    return Outcome::fails("the file does not end with a newline");
  }
  const std::vector<std::string> now = sorted_lines_of_file(names_in(folder));
  const std::size_t stored = now.size() - std::min(now.size(), lines.size());
  const std::size_t most = std::min(crowd.greeted() + 1, crowd.people().size());
  if (stored < crowd.greeted() || stored > most) {
    return Outcome::fails(std::to_string(crowd.greeted()) + " were greeted and " +
                          std::to_string(stored) + " are stored");
  }
  for (std::size_t i = 0; i < stored; ++i) lines.push_back(crowd.people()[i].line());
  std::ranges::sort(lines);
  return Outcome::of(now == lines,
                     "the file is neither the old nor the new one: " + excerpt(content, 2000));
}

}  // namespace

TEST_SUITE("lab6") {
  TEST_CASE("reference: names.tsv has a line IP<TAB>NAME for each person") {
    Server server(kLab);
    REQUIRE(is_stored(server, "127.0.0.2", "Жанна"));
    REQUIRE(is_stored(server, "127.0.0.1", "a b"));
    std::vector<std::string> expected = {"127.0.0.1\ta b", "127.0.0.2\tЖанна"};
    CHECK(sorted_lines_of_file(names_in(server.folder())) == expected);
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    Talk talk(server, {.from = "::1"}, "::1");
    says_name(talk, "six");
    REQUIRE(talk.hears("OK Nice to meet you, six!"));
    expected.emplace_back("::1\tsix");
    CHECK(sorted_lines_of_file(names_in(server.folder())) == expected);
    CHECK(scratch::read_file(names_in(server.folder())).ends_with('\n'));
  }

  TEST_CASE("reference: whoever is in names.tsv is known") {
    std::string content;
    for (int i = 0; i < 50'000; ++i) {
      content += "127.3." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) +
                 "\tPerson " + std::to_string(i) + "\n";
    }
    Server server(kLab, in_folder(folder_with_names(content)));
    CHECK(is_known(server, "127.3.0.1", "Person 0"));
    CHECK(is_known(server, "127.3.199.250", "Person 49999"));
    REQUIRE(is_stored(server, "127.4.0.1", "one more"));
    CHECK(lines_of_file(names_in(server.folder())).size() == 50'001);
    CHECK(server.has_not_said("error"));
  }

  TEST_CASE("reference: a damaged line is told with its number and kept") {
    const std::vector<std::string> damaged = {"no tab at all",
                                              "127.0.0.300\tBoris",
                                              "127.0.0.3\t",
                                              "",
                                              "\tnobody",
                                              "127.0.0.4\ta\tb",
                                              "127.0.0.5\t\xff",
                                              "here\tthere",
                                              "127.0.0.7\t" + std::string(33, 'x'),
                                              "127.0.0.8"};  // the last one, without a newline
    std::string content = "127.0.0.2\tAnna\n";
    for (const std::string& line : damaged) content += line + "\n";
    content.insert(content.find("here"), "127.0.0.6\tClara\n");
    content.pop_back();
    const std::string folder = folder_with_names(content);
    for (const bool after_restart : {false, true}) {
      CAPTURE(after_restart);
      Server server(kLab, in_folder(folder));
      REQUIRE(is_known(server, "127.0.0.2", "Anna"));
      CHECK(is_known(server, "127.0.0.6", "Clara"));
      CHECK(server.count("error") == damaged.size() * (after_restart ? 2 : 1));
      if (!after_restart) {
        for (const std::string number : {"2", "3", "4", "5", "6", "7", "8", "10", "11", "12"}) {
          CAPTURE(number);
          CHECK(server.says("error", {"names.tsv", number}));
        }
      }
      REQUIRE(is_stored(server, after_restart ? "127.0.0.4" : "127.0.0.3", "new"));
      std::vector<std::string> expected = damaged;
      for (const char* line : {"127.0.0.2\tAnna", "127.0.0.6\tClara", "127.0.0.3\tnew"}) {
        expected.emplace_back(line);
      }
      if (after_restart) expected.emplace_back("127.0.0.4\tnew");
      std::ranges::sort(expected);
      CHECK(sorted_lines_of_file(names_in(folder)) == expected);
    }
  }

  TEST_CASE("reference: a file that is something else is told and nothing of it is lost") {
    const std::string foreign = all_bytes(5000) + letters(200'000) + all_bytes(300);
    const std::string folder = folder_with_names(foreign);
    Server server(kLab, in_folder(folder));
    REQUIRE(is_stored(server, "127.0.0.1", "Anna"));
    CHECK(server.says("error", {"names.tsv", "1"}));
    std::vector<std::string> expected = lines_of(foreign);
    expected.emplace_back("127.0.0.1\tAnna");
    std::ranges::sort(expected);
    CHECK(sorted_lines_of_file(names_in(folder)) == expected);
    for (const std::string& line : server.message_lines()) CHECK(flaw_of_log_line(line) == "");
  }

  TEST_CASE("reference: a huge file is an error and exit 1 and stays as it is") {
    constexpr off_t kHuge = off_t{5} << 30;  // a hole, which takes no room on the disk
    const std::string folder = folder_with_names("127.0.0.1\tAnna\n");
    REQUIRE(::truncate(names_in(folder).c_str(), kHuge) == 0);
    is_fatal(in_folder(folder));
    struct stat about {};
    REQUIRE(::stat(names_in(folder).c_str(), &about) == 0);
    CHECK(about.st_size == kHuge);
  }

  TEST_CASE("reference: what cannot be read is an error and exit 1") {
    const std::string folder = scratch::folder("names");
    REQUIRE(::mkdir(names_in(folder).c_str(), 0700) == 0);
    is_fatal(in_folder(folder));
    if (!possible(identity::obeys_modes(), "root may read everything")) return;
    Setup setup = in_folder(folder_with_names("127.0.0.1\tAnna\n"));
    REQUIRE(::chmod(names_in(setup.folder).c_str(), 0) == 0);
    is_fatal(setup);
  }

  TEST_CASE("reference: a read-only file or folder is told and stays as it is") {
    if (!possible(identity::obeys_modes(), "root may write everything")) return;
    for (const bool is_folder : {false, true}) {
      CAPTURE(is_folder);
      const std::string content = "127.0.0.1\tAnna\nnonsense\n";
      Setup setup = in_folder(folder_with_names(content));
      scratch::write_file(setup.folder + "/server.log", "");
      const std::string path = is_folder ? setup.folder : names_in(setup.folder);
      REQUIRE(::chmod(path.c_str(), is_folder ? 0500 : 0400) == 0);
      Server server(kLab, setup);
      REQUIRE(is_known(server, "127.0.0.1", "Anna"));
      cannot_store(server, "127.0.0.2");
      cannot_store(server, "127.0.0.2");
      CHECK(scratch::read_file(names_in(setup.folder)) == content);
      REQUIRE(::chmod(path.c_str(), 0700) == 0);
      CHECK(is_stored(server, "127.0.0.2", "Boris"));
      CHECK(is_known(server, "127.0.0.1", "Anna"));
    }
  }

  TEST_CASE("reference: the file is written beside, synced, renamed, and so is the folder") {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/calls";
    Setup setup = in_folder(folder_with_names("127.0.0.1\tAnna\n"));
    setup.wrapper = strace::command("fsync,fdatasync,rename,renameat,renameat2,sendto", file);
    Server server(kLab, setup);
    REQUIRE(is_stored(server, "127.0.0.2", "Boris"));
    std::vector<std::string> steps;
    wait_until([&] {
      steps = steps_of_a_store(strace::calls(file), setup.folder);
      return !steps.empty() && steps.back() == "OK";
    });
    const std::vector<std::string> expected = {"sync a file beside", "rename", "sync the folder",
                                               "OK"};
    CHECK(steps == expected);
  }

  TEST_CASE("reference: what a crash has left beside the file does no harm") {
    const std::string folder = folder_with_names("127.0.0.1\tAnna\n");
    scratch::write_file(names_in(folder) + ".new", "127.0.0.1\tBor");
    REQUIRE(::chmod((names_in(folder) + ".new").c_str(), 0) == 0);
    Server server(kLab, in_folder(folder));
    CHECK(is_known(server, "127.0.0.1", "Anna"));
    CHECK(is_stored(server, "127.0.0.2", "Boris"));
    CHECK(is_known(server, "127.0.0.1", "Anna"));
  }

  TEST_CASE("reference: kill -9 at any instant leaves the old file or the new one") {
    constexpr int kKills = 200;
    const MemoryFolder folder("kills");
    std::vector<std::string> lines = sorted_lines_of_file(names_in(folder.path()));
    int in_the_middle = 0;
    for (int kill = 0; kill < kKills; ++kill) {
      CAPTURE(kill);
      const std::uint16_t port = free_port();
      Server server(kLab, {.arguments = {std::to_string(port)}, .folder = folder.path()});
      Crowd crowd(server, port);
      // When some have been greeted the server is in the midst of its work: a store or two later.
      const std::uint64_t some = random_below(kCrowd);
      REQUIRE(wait_until([&] { return crowd.greeted() >= some; }));
      let_pass(std::chrono::microseconds(random_below(300)));
      server.signal(SIGKILL);
      REQUIRE(server.is_ended_by(SIGKILL));
      REQUIRE(crowd.is_over());
      REQUIRE(is_old_or_new(folder.path(), crowd, lines));
      in_the_middle += crowd.greeted() > 0 && crowd.greeted() < kCrowd ? 1 : 0;
    }
    MESSAGE(in_the_middle, " of ", kKills, " kills came among the stores");
    Server server(kLab, in_folder(folder.path()));
    for (const std::string& line : {lines.front(), lines[lines.size() / 2], lines.back()}) {
      CHECK(is_known(server, line.substr(0, line.find('\t')), line.substr(line.find('\t') + 1)));
    }
    CHECK(server.has_not_said("error"));
  }

  // ---- The close ----

  TEST_CASE("reference: who has sent much behind exit gets all replies") {
    echo::replies_outlive_the_close(kLab);
  }

  TEST_CASE("reference: who has sent much behind three bad answers gets all refusals") {
    Server server(kLab);
    Talk talk(server, {.receive_buffer = 4096, .reads = false});
    talk.say_together({"", "", "", letters(1'000'000)});
    CHECK(server.says("disconnect", {talk.peer.address()}));
    talk.peer.read(true);
    for (int tries = 0; tries < 3; ++tries) {
      REQUIRE(talk.is_asked("name"));
      REQUIRE(talk.is_refused());
    }
    CHECK(talk.peer.is_closed());
  }
}
