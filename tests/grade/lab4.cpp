// lab4_logfile: the server's service messages are a log.

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "dialogue.hpp"
#include "lines.hpp"
#include "loop.hpp"
#include "questions.hpp"
#include "trace.hpp"

using namespace grade;
using questions::kPort;

namespace {

constexpr Lab kLab = kLabs[3];

// Every line is a service message. What stands before it is a matter of one check alone.
Outcome is_log(const std::string& text) {
  if (text.empty()) return Outcome::fails("the log is empty");
  if (!text.ends_with('\n')) return Outcome::fails("the log does not end with a newline");
  for (const std::string& line : lines_of(text)) {
    if (!parse_message(line, "server") || has_control_character(line))
      return Outcome::fails("no service message: \"" + excerpt(line) + '"');
  }
  return Outcome::holds();
}

// Every line begins with a time.
Outcome has_times(const std::string& log) {
  for (const std::string& line : lines_of(log)) {
    const std::string flaw = flaw_of_log_line(line);
    if (!flaw.empty()) return Outcome::fails(flaw + ": \"" + excerpt(line) + '"');
  }
  return Outcome::holds();
}

Outcome has_offset(const std::string& line, const std::string& zone, const std::string& offset) {
  return Outcome::of(line.substr(23, 6) == offset,
                     "with TZ=" + zone + " the offset is " + offset + ": \"" + excerpt(line) + '"');
}

// How many lines the console was told, but for messages that belong into the log: that they are not
// here, is a matter of one check alone.
std::size_t count_complaints(Server& server) {
  const std::vector<std::string> lines = lines_of(server.err().all());
  return static_cast<std::size_t>(std::ranges::count_if(lines, [](const std::string& line) {
    const auto message = parse_message(line, "server");
    return !message || message->event == "error";
  }));
}

Outcome has_no_messages(const std::string& console) {
  return Outcome::of(console.find("[server]") == std::string::npos,
                     "on the console: " + excerpt(console));
}

long long milliseconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Setup in_folder(const std::string& folder) {
  return {.arguments = {std::to_string(free_port())}, .folder = folder};
}

// Two clients, one of whom is dropped.
void serve_a_little(Server& server) {
  REQUIRE(server.serves());
  Peer too_long = server.connect();
  too_long.send(letters(70'000));
  REQUIRE(too_long.is_dropped());
  REQUIRE(server.says("disconnect", {too_long.address()}));
}

struct Zone {
  std::string name;
  std::string offset;
};

// By names that every language knows. What POSIX has besides, "MSK-3", is libc's: to Go that is
// UTC. But where there are no others, it has to do.
std::vector<Zone> zones() {
  std::vector<Zone> known = {{"UTC0", "+00:00"}};
  for (const Zone& zone : {Zone{"Europe/Moscow", "+03:00"}, Zone{"Pacific/Marquesas", "-09:30"},
                           Zone{"Asia/Kathmandu", "+05:45"}}) {
    if (std::filesystem::exists("/usr/share/zoneinfo/" + zone.name)) known.push_back(zone);
  }
  if (known.size() == 1) known.push_back({"MSK-3", "+03:00"});
  return known;
}

// Whatever it does at a signal that it knows, which is a matter of other checks.
void end(Server& server) {
  server.signal(SIGKILL);
  REQUIRE(server.is_ended_by(SIGKILL));
}

}  // namespace

TEST_SUITE("lab4") {
  // ---- The log ----

  TEST_CASE("server: all service messages go to server.log in its working directory" * kIdea) {
    Server server(kLab);
    serve_a_little(server);
    CHECK(server.events() ==
          "start listen connect receive send disconnect connect receive error disconnect");
    CHECK(server.says("start", {kLab.name}));
  }

  TEST_CASE("server: nothing of them is on the console" * kIdea) {
    Server server(kLab);
    serve_a_little(server);
    end(server);
    CHECK(has_no_messages(server.err().all()));
    CHECK(has_no_messages(server.out().all()));
  }

  TEST_CASE("server: each line begins with the local time and its offset" * kIdea) {
    for (const Zone& zone : zones()) {
      const long long before = milliseconds_since_1970();
      Setup setup = in_folder("");
      setup.environment = {"TZ=" + zone.name};
      Server server(kLab, setup);
      serve_a_little(server);
      const long long after = milliseconds_since_1970();
      const std::string log = scratch::read_file(server.log_path());
      REQUIRE(has_times(log));
      long long last = before;
      for (const std::string& line : lines_of(log)) {
        REQUIRE(has_offset(line, zone.name, zone.offset));
        CHECK(time_of_log_line(line) >= last);
        last = time_of_log_line(line);
      }
      CHECK(last <= after);
    }
  }

  TEST_CASE("server: the log is appended to over restarts and to what was there" * kIdea) {
    const std::string folder = scratch::folder("restarts");
    const std::string old = "2020-01-01T00:00:00.000+00:00 [server] stop: of long ago\n";
    scratch::write_file(folder + "/server.log", old);
    std::string before = old;
    for (int run = 0; run < 3; ++run) {
      CAPTURE(run);
      Server server(kLab, in_folder(folder));
      REQUIRE(server.serves());
      end(server);
      const std::string log = scratch::read_file(server.log_path());
      CHECK(log.starts_with(before));
      CHECK(log.size() > before.size());
      CHECK(is_log(log));
      before = log;
    }
  }

  TEST_CASE("server: a message is in the log when it is said: also after kill -9" * kIdea) {
    Server server(kLab);
    Peer client = server.connect();
    client.send("hello\n");
    REQUIRE(client.receives("hello\n"));
    end(server);
    const std::string log = scratch::read_file(server.log_path());
    CHECK(is_log(log));
    CHECK(log.find("receive: ") != std::string::npos);
  }

  TEST_CASE("server: each line is one write" * kIdea) {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/writes";
    Setup setup = in_folder("");
    setup.wrapper = trace::command(file);
    Server server(kLab, setup);
    REQUIRE(server.serves());
    REQUIRE(server.says("disconnect"));
    common::each_message_is_one_write(server, file);
  }

  TEST_CASE("server: nothing that a client sends can forge a line" * kIdea) {
    Server server(kLab);
    Peer client = server.connect();
    const std::string forged = "2026-11-22T13:02:11.123+03:00 [server] stop: forged\r\x1b[2J\n";
    const std::string no_text = "\xff\xfe\xc0\xaf\n";
    client.send("x\n" + forged + no_text);
    CHECK(client.receives("x\n" + forged + no_text));
    client.send(letters(70'000) + '\n' + forged);
    CHECK(client.is_dropped());
    CHECK(server.says("disconnect"));
    CHECK(is_log(scratch::read_file(server.log_path())));
    CHECK(server.has_not_said("stop"));
  }

  // ---- What stays on the console ----

  TEST_CASE("server: questions are on the console and not in the log" * kIdea) {
    questions::asks_for_a_port_until_it_is_one(kLab, kPipe);
    const std::uint16_t port = free_port();
    Server server(kLab, Setup{});
    REQUIRE(server.err().until(kPort).has_value());
    server.type("\x1b[31m\n" + std::to_string(port) + "\n");
    REQUIRE(server.listens_on(port));
    REQUIRE(server.serves());
    const std::string log = scratch::read_file(server.log_path());
    CHECK(is_log(log));
    CHECK(log.find("Port [") == std::string::npos);
  }

  TEST_CASE("server: a fatal error is on the console and in the log") {
    const std::uint16_t port = free_port();
    const BusyPort busy("0.0.0.0", port);
    Server server(kLab, {.arguments = {std::to_string(port)}});
    REQUIRE(server.exits(1));
    CHECK(mentions(server.err().all(), std::to_string(port)));
    CHECK(server.says("error", {std::to_string(port)}));
    CHECK(is_log(scratch::read_file(server.log_path())));
  }

  TEST_CASE("server: a bad argument is told before there is any message") {
    Server server(kLab, {.arguments = {"abc"}});
    REQUIRE(server.exits(2));
    CHECK(scratch::read_file(server.log_path()) == "");
  }

  // ---- A log that gives trouble ----

  TEST_CASE("server: a log that cannot be opened is an error before any question and exit 1" *
            kIdea) {
    for (const bool is_folder : {true, false}) {
      CAPTURE(is_folder);
      const std::string folder = scratch::folder("no-log");
      const std::string log = folder + "/server.log";
      REQUIRE((is_folder ? ::mkdir(log.c_str(), 0700) : ::symlink("nowhere/log", log.c_str())) ==
              0);
      Server server(kLab, {.folder = folder});
      REQUIRE(server.exits(1));
      CHECK(!server.err().all().empty());
      CHECK(server.err().all().find(kPort) == std::string::npos);
      CHECK(lines_of(server.err().all()).size() == 1);
    }
  }

  TEST_CASE("server: a log that is a symbolic link is followed") {
    const std::string folder = scratch::folder("link");
    REQUIRE(::mkdir((folder + "/elsewhere").c_str(), 0700) == 0);
    REQUIRE(::symlink("elsewhere/real.log", (folder + "/server.log").c_str()) == 0);
    Server server(kLab, in_folder(folder));
    REQUIRE(server.serves());
    end(server);
    CHECK(is_log(scratch::read_file(folder + "/elsewhere/real.log")));
    struct stat link {};
    CHECK(::lstat(server.log_path().c_str(), &link) == 0);
    CHECK(S_ISLNK(link.st_mode));
  }

  TEST_CASE("server: serves on while the disk is full and tells it once" * kIdea) {
    const std::string folder = scratch::folder("full");
    REQUIRE(::symlink("/dev/full", (folder + "/server.log").c_str()) == 0);
    Server server(kLab, in_folder(folder));
    for (int client = 0; client < 3; ++client) REQUIRE(server.serves());
    end(server);
    CHECK(count_complaints(server) == 1);
  }

  TEST_CASE("server: logs again when there is room again and tells each outage once") {
    Server server(kLab);
    for (std::size_t outage = 1; outage <= 2; ++outage) {
      CAPTURE(outage);
      Peer before = server.connect();
      REQUIRE(server.says("connect", {before.address()}));
      // From here on every write to the log fails, as on a full disk; pipes have no limit.
      server.limit(RLIMIT_FSIZE, scratch::read_file(server.log_path()).size());
      before.send("unheard of\n");
      REQUIRE(before.receives("unheard of\n"));
      REQUIRE(before.leaves());
      REQUIRE(server.serves());
      Peer after = server.connect();
      after.send("is it over?\n");
      REQUIRE(after.receives("is it over?\n"));
      REQUIRE(server.is_idle());  // so it has said all that it has to say
      CHECK(count_complaints(server) == outage);
      server.limit(RLIMIT_FSIZE, RLIM_INFINITY);
      REQUIRE(after.leaves());
      CHECK(server.says("disconnect", {after.address()}));
    }
    end(server);
    CHECK(count_complaints(server) == 2);
    CHECK(is_log(scratch::read_file(server.log_path())));
    CHECK(server.count("connect") == 2);  // those that were said when there was room
  }

  // ---- What the server did before ----

  TEST_CASE("server: the dialogue is that of lab 2" * kLong) {
    dialogue::server_keeps_it(kLab);
  }

  TEST_CASE("server: 500 reconnects leave no descriptor open") {
    dialogue::reconnects_leave_nothing_open(kLab);
  }

  TEST_CASE("server: messages name the peer as IP:PORT") {
    common::messages_name_the_peer(kLab);
    common::peer_is_named_after_its_reset(kLab);
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it at any instant" * kLong) {
    common::signals_stop_it_at_any_instant(kLab);
    common::signals_stop_it_in_a_transfer(kLab);
    common::further_signals_change_nothing(kLab);
    questions::signals_stop_it_at_the_question(kLab);
  }

  TEST_CASE("server: restarts on the same port while old connections are in TIME_WAIT") {
    common::restarts_on_the_same_port(kLab);
  }

  TEST_CASE("server: a busy port is an error and exit 1 on either family") {
    common::busy_port_is_an_error(kLab, "0.0.0.0");
    if (machine_has_ipv6()) common::busy_port_is_an_error(kLab, "::");
  }

  TEST_CASE("server: usage and bad arguments are told as before") {
    common::usage_is_told(kLab, "server");
    common::bad_arguments_are_refused(kLab, "server");
  }

  // ---- The client ----

  TEST_CASE("client: is as before") {
    dialogue::client_keeps_it(kLab);
  }

  TEST_CASE("client: tells usage and bad arguments and failures as before") {
    common::usage_is_told(kLab, "client");
    common::bad_arguments_are_refused(kLab, "client");
    common::refused_connection_is_an_error(kLab);
    common::unknown_host_is_an_error(kLab);
    common::full_output_is_an_error(kLab);
    common::interrupted_client_ends_by_the_signal(kLab);
  }
}
