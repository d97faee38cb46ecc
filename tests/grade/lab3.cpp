// lab3_config: what the command line leaves out is asked for; names, and both address families.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "dialogue.hpp"
#include "proc_net.hpp"
#include "questions.hpp"

using namespace grade;
using questions::kHost;
using questions::kPort;

namespace {

constexpr Lab kLab = kLabs[2];

// The client is in its dialogue with this server, and ends well.
void client_talks(Client& client, Listener& listener) {
  Peer server = listener.accept();
  CHECK(client.says("connect", {listener.address()}));
  dialogue::client_talks(client, server);
}

// To listen on port 1 may be forbidden, but a port it is: what fails then is bind().
Outcome takes_port_1(Server& server) {
  if (server.comes_to_listen()) {
    return Outcome::of(server.port() == 1, "it listens on " + std::to_string(server.port()) +
                                               ", and was told to listen on 1");
  }
  if (Outcome ends = server.exits(1); !ends) return ends;
  return server.says("error");
}

}  // namespace

TEST_SUITE("lab3") {
  // ---- Both ----

  TEST_CASE("both: usage on standard output and exit 0 for --help") {
    common::usage_is_told(kLab, "server");
    common::usage_is_told(kLab, "client");
  }

  TEST_CASE("both: a bad or surplus argument is refused with exit 2 and not asked for again") {
    for (const std::string role : {"server", "client"}) {
      common::bad_arguments_are_refused(kLab, role);
      common::complaint_stands_before_usage(kLab, role);
    }
  }

  // ---- The server's question ----

  TEST_CASE("server: asks for the port on standard error and in these words" * kIdea) {
    Server server(kLab, Setup{});
    const auto before = server.err().until(kPort);
    REQUIRE(before.has_value());
    CHECK(parse_message(*before, "server").has_value());  // that is `start`, and nothing else
    CHECK(server.events() == "start");
    CHECK(server.out().all() == "");
  }

  TEST_CASE("server: does not ask for a port that was given") {
    Server server(kLab);
    REQUIRE(server.serves());
    CHECK(server.says_nothing_else());
    Server on_first(kLab, {.arguments = {"1"}});
    REQUIRE(takes_port_1(on_first));
    if (!network::is_private()) return;  // port 65535 may be somebody else's
    Server on_last(kLab, {.arguments = {"65535"}});
    CHECK(on_last.listens_on(65'535));
  }

  TEST_CASE("server: takes a good answer with spaces around it and a \\r at its end" * kIdea) {
    for (const std::string end : {"", "   ", "\r", "  \r"}) {
      CAPTURE(escaped(end));
      const std::uint16_t port = free_port();
      Server server(kLab, Setup{});
      REQUIRE(server.err().until(kPort).has_value());
      server.type("  " + std::to_string(port) + end + "\n");
      CHECK(server.listens_on(port));
    }
    Server on_first(kLab, Setup{});
    on_first.type("1\n");
    on_first.end_input();  // if it asks again, it takes the default
    REQUIRE(takes_port_1(on_first));
    if (!network::is_private()) return;  // port 65535 may be somebody else's
    Server on_last(kLab, Setup{});
    on_last.type("65535\n");
    CHECK(on_last.listens_on(65'535));
  }

  TEST_CASE("server: an empty answer and the end of input take the default" * kIdea) {
    if (!possible(network::is_private(), "port 9090 may be somebody else's")) return;
    for (const std::string answer : {"\n", "   \n", "\r\n", ""}) {
      CAPTURE(escaped(answer));
      Server server(kLab, Setup{});
      REQUIRE(server.err().until(kPort).has_value());
      server.type(answer);
      if (answer.empty()) server.end_input();
      CHECK(server.listens_on(9090));
    }
  }

  TEST_CASE("server: tells what is wrong with a bad answer and asks again: in a pipe" * kIdea) {
    questions::asks_for_a_port_until_it_is_one(kLab, kPipe);
  }

  TEST_CASE("server: tells what is wrong with a bad answer and asks again: on a terminal" * kIdea) {
    questions::asks_for_a_port_until_it_is_one(kLab, kTerminal);
  }

  TEST_CASE("server: all questions and answers on one terminal") {
    const std::uint16_t port = free_port();
    Server server(kLab, {.in = kTerminal, .out = kTerminal, .err = kTerminal});
    REQUIRE(server.terminal().until(kPort).has_value());
    server.type("abc\n");
    REQUIRE(server.terminal().until(kPort).has_value());
    server.type(std::to_string(port) + "\n");
    CHECK(server.listens_on(port));
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it at the question") {
    questions::signals_stop_it_at_the_question(kLab);
  }

  // ---- The server's addresses ----

  TEST_CASE("server: listens on both families and says so" * kIdea) {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    Server server(kLab);
    REQUIRE(server.listens_on_both_families());
    REQUIRE(server.serves());
    const std::vector<TcpSocket> listeners = listeners_of(server.pid());
    for (const TcpSocket& listener : listeners) CHECK(server.says("listen", {listener.local}));
    CHECK(server.count("listen") == listeners.size());
  }

  TEST_CASE("server: serves clients of both families and writes an IPv4 peer as IPv4" * kIdea) {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    Server server(kLab);
    REQUIRE(server.listens_on_both_families());
    for (const std::string host : {"127.0.0.1", "::1"}) {
      CAPTURE(host);
      Peer client = server.connect_to(host);
      client.send("hello\n");
      CHECK(client.receives("hello\n"));
      CHECK(server.says("connect", {client.address()}));
      CHECK(server.says("receive", {"6 bytes from " + client.address()}));
      CHECK(server.says("send", {"6 bytes to " + client.address()}));
      CHECK(client.leaves());
      CHECK(server.says("disconnect", {client.address()}));
    }
    CHECK(server.err().all().find("ffff") == std::string::npos);
  }

  TEST_CASE("server: a port that is busy on IPv4 is an error and exit 1") {
    common::busy_port_is_an_error(kLab, "0.0.0.0");
  }

  TEST_CASE("server: a port that is busy on IPv6 is an error and exit 1") {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    common::busy_port_is_an_error(kLab, "::");
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

  TEST_CASE("reference: a client that left before it was accepted is named") {
    common::peer_is_named_that_left_before_accept(kLab);
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it at any instant") {
    common::signals_stop_it_at_any_instant(kLab);
    common::further_signals_change_nothing(kLab);
  }

  TEST_CASE("server: restarts on the same port while old connections are in TIME_WAIT") {
    common::restarts_on_the_same_port(kLab);
  }

  TEST_CASE("server: an accept that fails does not end it") {
    common::failing_accept_is_survived(kLab);
  }

  // ---- The client's questions ----

  TEST_CASE("client: asks for the host and then for the port" * kIdea) {
    Listener listener;
    Client client(kLab, Setup{});
    CHECK(client.err().until(kHost) == "");
    client.type("127.0.0.1\n");
    CHECK(client.err().until(kPort) == "");
    client.type(std::to_string(listener.port()) + "\n");
    client_talks(client, listener);
  }

  TEST_CASE("client: asks only for what was not given") {
    Listener listener;
    {
      Client client(kLab, {.arguments = {"127.0.0.1"}});
      CHECK(client.err().until(kPort) == "");
      client.type(std::to_string(listener.port()) + "\n");
      client_talks(client, listener);
    }
    Client client(kLab, listener);
    client_talks(client, listener);
    CHECK(client.says_nothing_else());
    if (!network::is_private()) return;  // these two ports may be somebody else's
    for (const std::uint16_t port : std::array<std::uint16_t, 2>{1, 65'535}) {
      Listener at_border("127.0.0.1", port);
      Client to_border(kLab, {.arguments = {"127.0.0.1"}});
      to_border.type(std::to_string(port) + "\n");
      client_talks(to_border, at_border);
    }
  }

  TEST_CASE("client: answers and lines may come together and with spaces and \\r around") {
    Listener listener;
    Client client(kLab, Setup{});
    client.type("  127.0.0.1 \r\n " + std::to_string(listener.port()) + "  \nhello\nexit\n");
    Peer server = listener.accept();
    CHECK(server.receives("hello\n"));
    server.send("hello\n");
    CHECK(server.receives("exit\n"));
    server.finish_sending();
    CHECK(client.exits(0));
    CHECK(client.out().all() == "hello\n");
  }

  TEST_CASE("client: empty answers and the end of input take the defaults" * kIdea) {
    if (!possible(network::is_private(), "port 9090 may be somebody else's")) return;
    Listener listener("127.0.0.1", 9090);
    {
      Client client(kLab, Setup{});
      client.type("\n\n");
      client_talks(client, listener);
    }
    Client client(kLab, {.in = "/dev/null"});
    Peer server = listener.accept();
    CHECK(server.receives("exit\n"));
    server.close();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: tells what is wrong with a bad answer and asks again" * kIdea) {
    Listener listener;
    Client client(kLab, Setup{});
    REQUIRE(client.err().until(kHost).has_value());
    questions::each_is_refused(client, kHost, questions::bad_hosts(), {});
    client.type("127.0.0.1\n");
    CHECK(client.err().until(kPort) == "");
    questions::each_is_refused(client, kPort, questions::bad_ports(), {"1", "65535"});
    client.type(std::to_string(listener.port()) + "\n");
    client_talks(client, listener);
  }

  TEST_CASE("client: ends by a signal at a question with the terminal as it was") {
    Client client(kLab, {.in = kTerminal});
    REQUIRE(client.err().until(kHost).has_value());
    client.type("\x03");  // Ctrl-C
    CHECK(client.is_ended_by(SIGINT));
  }

  // ---- The client's addresses ----

  TEST_CASE("client: connects to an IPv6 address and names it") {
    if (!possible(machine_has_ipv6(), "this machine has no IPv6")) return;
    Listener listener("::1");
    Client client(kLab, {.arguments = {"::1", std::to_string(listener.port())}});
    client_talks(client, listener);
  }

  TEST_CASE("client: takes a name that resolves" * kIdea) {
    if (!possible(network::has_names(), "there are no names to resolve")) return;
    Listener listener;
    Client client(kLab, {.arguments = {"localhost", std::to_string(listener.port())}});
    client_talks(client, listener);
  }

  TEST_CASE("client: tries every address of a name in turn" * kIdea) {
    if (!possible(network::has_names(), "there are no names to resolve")) return;
    for (const std::string address : {"::1", "127.0.0.8", "127.0.0.9"}) {
      CAPTURE(address);
      if (address == "::1" && !machine_has_ipv6()) continue;
      Listener listener(address);
      Client client(kLab,
                    {.arguments = {network::kManyAddresses, std::to_string(listener.port())}});
      client_talks(client, listener);
    }
  }

  TEST_CASE("client: a refused connection is one line of error and exit 1") {
    common::refused_connection_is_an_error(kLab);
    if (!network::is_private()) return;  // these two ports may be somebody else's
    for (const char* port : {"1", "65535"}) common::refused_connection_is_an_error(kLab, port);
  }

  TEST_CASE("client: a host that does not resolve is one line of error and exit 1") {
    common::unknown_host_is_an_error(kLab);
  }

  TEST_CASE("reference: a host that does not resolve is told before the port is asked for") {
    Client client(kLab, {.arguments = {"no-such-host.invalid"}});
    REQUIRE(client.exits(1));  // and its input has not ended
    CHECK(client.says("error", {"no-such-host.invalid"}));
    CHECK(client.says_nothing_else());
  }

  // ---- What the client did before ----

  TEST_CASE("client: the dialogue is that of lab 2") {
    dialogue::client_keeps_it(kLab);
  }

  TEST_CASE("client: output that cannot be written is an error and exit 1") {
    common::full_output_is_an_error(kLab);
  }

  TEST_CASE("client: interrupted it ends by the signal with the terminal as it was") {
    common::interrupted_client_ends_by_the_signal(kLab);
  }
}
