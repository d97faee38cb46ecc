// lab5_autoport: the server takes the next port when the one it wants is busy.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "dialogue.hpp"
#include "occupy_ports.hpp"
#include "proc_net.hpp"
#include "questions.hpp"

using namespace grade;
using How = BusyPort::How;

namespace {

constexpr Lab kLab = kLabs[4];

Setup on_port(std::uint16_t port) {
  return {.arguments = {std::to_string(port)}};
}

std::string announcement(std::uint16_t port) {
  return "Listening on port " + std::to_string(port) + "\n";
}

// A port with the next `count` ones free as well. The system gives them to nobody unasked, since
// they stand outside of the range that it chooses from.
std::uint16_t free_range(int count) {
  static std::uint16_t next = 20'000;
  const std::uint16_t first = next;
  next = static_cast<std::uint16_t>(next + count + 1);
  return first;
}

std::string every_address(bool ipv6) {
  return ipv6 ? "::" : "0.0.0.0";
}

// Started for `wanted` it listens on `expected` and serves.
void arrives(std::uint16_t wanted, std::uint16_t expected) {
  CAPTURE(wanted);
  Server server(kLab, on_port(wanted));
  REQUIRE(server.listens_on(expected));
  if (machine_has_ipv6()) CHECK(server.listens_on_both_families());
  CHECK(server.says("listen", {std::to_string(expected)}));
  CHECK(server.serves());
}

// Whatever it does at a signal that it knows, which is a matter of other checks.
void end(Server& server) {
  server.signal(SIGKILL);
  REQUIRE(server.is_ended_by(SIGKILL));
}

}  // namespace

TEST_SUITE("lab5") {
  TEST_CASE("server: says Listening on port N on standard output and nothing else there" * kIdea) {
    const std::uint16_t port = free_port();
    Server server(kLab, on_port(port));
    CHECK(server.out().brings(announcement(port)));  // while it runs
    CHECK(server.listens_on(port));
    CHECK(server.serves());
    end(server);
    CHECK(server.out().all() == announcement(port));
    CHECK(server.err().all() == "");
  }

  TEST_CASE("server: that it cannot say it is an error and exit 1") {
    Setup setup = on_port(free_port());
    setup.out = "/dev/full";
    Server server(kLab, setup);
    REQUIRE(server.exits(1));
    CHECK(server.says("error"));
    CHECK(!server.err().all().empty());
  }

  TEST_CASE("server: says the port that was asked for and answered") {
    const std::uint16_t port = free_port();
    Server server(kLab, Setup{});
    REQUIRE(server.err().until(questions::kPort).has_value());
    server.type(std::to_string(port) + "\n");
    CHECK(server.out().brings(announcement(port)));
    end(server);
    CHECK(server.out().all() == announcement(port));
  }

  TEST_CASE("server: says the port that it has got and not the one that it wanted" * kIdea) {
    if (!possible(network::is_private(), "the next port may be somebody else's")) return;
    const std::uint16_t port = free_range(1);
    const BusyPort busy("0.0.0.0", port);
    Server server(kLab, on_port(port));
    REQUIRE(server.listens_on(static_cast<std::uint16_t>(port + 1)));
    CHECK(server.out().brings(announcement(static_cast<std::uint16_t>(port + 1))));
    end(server);
    CHECK(server.out().closes());
  }

  TEST_CASE("server: a port that is busy on IPv4 makes it take the next one" * kIdea) {
    if (!possible(network::is_private(), "the next port may be somebody else's")) return;
    for (const How how : {How::kListening, How::kBoundOnly, How::kSharing}) {
      const std::uint16_t port = free_range(1);
      const BusyPort busy("0.0.0.0", port, how);
      arrives(port, static_cast<std::uint16_t>(port + 1));
    }
  }

  TEST_CASE("server: a port that is busy on IPv6 makes it take the next one" * kIdea) {
    if (!possible(network::is_private(), "the next port may be somebody else's")) return;
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    for (const How how : {How::kListening, How::kBoundOnly, How::kSharing}) {
      const std::uint16_t port = free_range(1);
      const BusyPort busy("::", port, how);
      arrives(port, static_cast<std::uint16_t>(port + 1));
    }
  }

  TEST_CASE("server: passes several busy ports in a row one by one" * kIdea) {
    if (!possible(network::is_private(), "the next ports may be somebody else's")) return;
    for (const bool with_gap : {false, true}) {
      CAPTURE(with_gap);
      const std::uint16_t port = free_range(6);
      std::vector<std::unique_ptr<BusyPort>> busy;
      for (std::uint16_t i = 0; i < 5; ++i) {
        if (with_gap && i == 3) continue;
        const bool ipv6 = machine_has_ipv6() && i % 2 == 1;
        const auto next = static_cast<std::uint16_t>(port + i);
        busy.push_back(std::make_unique<BusyPort>(every_address(ipv6), next));
      }
      arrives(port, static_cast<std::uint16_t>(port + (with_gap ? 3 : 5)));
    }
  }

  TEST_CASE("server: after 65535 comes 1024" * kIdea) {
    if (!possible(network::is_private(), "these ports may be somebody else's")) return;
    const BusyPort last("0.0.0.0", 65535);
    {
      arrives(65535, 1024);
      const BusyPort before_last("0.0.0.0", 65534);
      arrives(65534, 1024);
    }
    const BusyPort first("0.0.0.0", 1024);
    arrives(65535, 1025);
    arrives(1024, 1025);
    arrives(65533, 65533);
  }

  TEST_CASE("server: if every port is busy it is an error and exit 1" * kLongIdea) {
    if (!possible(network::is_private(), "not all ports are there to be taken")) return;
    const network::Fresh fresh;
    Program occupier("occupier", submission::kGrader, {.arguments = {kOccupyPorts}});
    const auto said = occupier.out().until("\n");
    REQUIRE(said.has_value());
    if (!possible(*said == kOccupied, *said)) return;
    Server server(kLab, on_port(40'000));
    wait_until([&] { return server.ending().has_value(); }, 6 * patience());  // 64,512 tries
    REQUIRE(server.exits(1));
    CHECK(server.says("error"));
    CHECK(server.out().all() == "");
    CHECK(!server.err().all().empty());
  }

  TEST_CASE("server: what is no busy port is an error and no reason to move on" * kIdea) {
    const std::string first = scratch::read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if (!possible(std::stoi(first) > 80, "port 80 needs no privilege here")) return;
    Server server(kLab, on_port(80));
    REQUIRE(server.exits(1));
    CHECK(server.says("error", {"80"}));
    CHECK(server.has_not_said("listen"));
    CHECK(server.out().all() == "");
    CHECK(!server.err().all().empty());
  }

  TEST_CASE("server: a restart comes back to the same port and does not move on" * kIdea) {
    common::restarts_on_the_same_port(kLab);
  }

  TEST_CASE("server: the second one for a port takes the next and both serve" * kIdea) {
    if (!possible(network::is_private(), "the next port may be somebody else's")) return;
    const std::uint16_t port = free_range(1);
    Server first(kLab, on_port(port));
    REQUIRE(first.listens_on(port));
    Server second(kLab, on_port(port));
    REQUIRE(second.listens_on(static_cast<std::uint16_t>(port + 1)));
    CHECK(first.serves());
    CHECK(second.serves());
  }

  TEST_CASE("server: of many started at once for a port each finds one of its own" * kIdea) {
    for (int round = 0; round < 3; ++round) {
      CAPTURE(round);
      const std::uint16_t port = free_port();
      std::vector<std::unique_ptr<Server>> servers(8);
      for (auto& server : servers) server = std::make_unique<Server>(kLab, on_port(port));
      const auto is_up = [](const auto& server) {
        return server->out().all().find('\n') != std::string::npos || server->is_over();
      };
      wait_until([&] { return std::ranges::all_of(servers, is_up); }, 4 * patience());
      std::vector<std::string> announced;
      for (const auto& server : servers) {
        const auto line = server->out().until("\n");
        REQUIRE(line.has_value());
        CHECK(std::ranges::count(announced, *line) == 0);
        announced.push_back(*line);
        CHECK(server->listens());
        CHECK(*line + "\n" == announcement(server->port()));
        CHECK(server->serves());
      }
    }
  }

  // ---- What the server did before ----

  TEST_CASE("server: asks as before and tells bad answers") {
    questions::asks_for_a_port_until_it_is_one(kLab, kPipe);
    questions::asks_for_a_port_until_it_is_one(kLab, kTerminal);
  }

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
