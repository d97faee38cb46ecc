// lab1_echo: one client, whose bytes come back as they are, in portions of at most 1024.

#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "loop.hpp"
#include "trace.hpp"

using namespace grade;
using common::kMuch;
using common::kPortion;

namespace {

constexpr Lab kLab = kLabs[0];

// After a portion was received, the same one is sent.
Outcome portions_go_back_as_they_came(Server& server) {
  std::optional<std::size_t> received;
  for (const Message& message : server.messages()) {
    if (message.event == "receive") received = bytes_of(message);
    if (message.event == "send" && bytes_of(message) != received) {
      return Outcome::fails("not what was received before it: send: " + message.explanation);
    }
  }
  return Outcome::holds();
}

// Of what a client has sent whose echo has not gone out yet.
Outcome is_at_most_a_portion(std::size_t bytes) {
  return Outcome::of(bytes <= kPortion, "the client sent " + std::to_string(bytes) +
                                            " bytes ahead of their echo, at most " +
                                            std::to_string(kPortion) + " are allowed");
}

// What a server says of how this client left, without the client's address.
std::string reason_of_disconnect(bool by_reset) {
  Server server(kLab);
  Peer client = server.connect();
  REQUIRE(server.says("connect"));
  by_reset ? client.reset() : client.close();
  REQUIRE(server.exits(0));
  REQUIRE(server.says("disconnect", {client.address()}));
  std::string reason;
  for (const Message& message : server.messages()) {
    if (message.event == "disconnect") reason = message.explanation;
  }
  return reason.erase(reason.find(client.address()), client.address().size());
}

}  // namespace

TEST_SUITE("lab1") {
  // ---- The server ----

  TEST_CASE("server: usage on standard output and exit 0 for --help") {
    common::usage_is_told(kLab, "server");
  }

  TEST_CASE("server: a bad or surplus argument is refused with exit 2") {
    common::bad_arguments_are_refused(kLab, "server");
  }

  TEST_CASE("server: one line says what is wrong with an argument and then comes the usage") {
    common::complaint_stands_before_usage(kLab, "server");
  }

  TEST_CASE("server: listens on port 9090 unless told") {
    if (!possible(network::is_private(), "port 9090 may be somebody else's")) return;
    Server server(kLab, Setup{});
    CHECK(server.listens_on(9090));
  }

  TEST_CASE("server: says what happens in the order in which it happens" * kIdea) {
    Server server(kLab);
    Peer client = server.connect();
    CHECK(server.says("start", {kLab.name}));
    CHECK(server.says("listen", {"0.0.0.0:" + std::to_string(server.port())}));
    CHECK(server.says("connect", {client.address()}));
    client.send("hello\n");
    CHECK(server.says("receive", {"6 bytes from " + client.address()}));
    CHECK(server.says("send", {"6 bytes to " + client.address()}));
    client.finish_sending();
    CHECK(client.is_dropped());  // after whatever came
    CHECK(server.exits(0));
    CHECK(server.events() == "start listen connect receive send disconnect stop");
    CHECK(server.says("disconnect", {client.address()}));
    CHECK(server.says_nothing_else());
  }

  TEST_CASE("server: a service message is out as soon as it is said") {
    Server server(kLab);
    CHECK(server.says("listen"));  // while it waits in accept()
    Peer client = server.connect();
    CHECK(server.says("connect"));  // and in recv()
    client.send("?");
    CHECK(server.says("send"));
  }

  TEST_CASE("server: each message is one write") {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/writes";
    Server server(kLab,
                  {.arguments = {std::to_string(free_port())}, .wrapper = trace::command(file)});
    Peer client = server.connect();
    client.send("hello\n");
    REQUIRE(server.says("send"));
    common::each_message_is_one_write(server, file);
  }

  TEST_CASE("server: says send when a portion has gone out and not before") {
    common::send_is_said_after_sending(kLab);
  }

  TEST_CASE("server: messages name the peer as IP:PORT") {
    common::messages_name_the_peer(kLab);
    common::peer_is_named_after_its_reset(kLab);
  }

  TEST_CASE("reference: a client that left before it was accepted is named") {
    common::peer_is_named_that_left_before_accept(kLab);
  }

  TEST_CASE("server: every portion goes back as it came" * kIdea) {
    for (const std::size_t size : {std::size_t{1}, kPortion - 1, kPortion, kPortion + 1, kMuch}) {
      CAPTURE(size);
      const std::string text = letters(size);
      Server server(kLab);
      Peer client = server.connect();
      client.send(text);
      REQUIRE(client.receives(text));  // before the client closes anything
      CHECK(client.leaves());
      REQUIRE(server.exits(0));
      CHECK(common::sizes_add_up(server, "receive", size));
      CHECK(common::sizes_add_up(server, "send", size));
      CHECK(portions_go_back_as_they_came(server));
    }
  }

  TEST_CASE("server: a client that sends nothing is no error") {
    Server server(kLab);
    Peer client = server.connect();
    CHECK(client.leaves());
    CHECK(server.exits(0));
    CHECK(server.events() == "start listen connect disconnect stop");
  }

  TEST_CASE("server: never interprets the bytes" * kIdea) {
    for (const std::string& bytes :
         {all_bytes(3000), common::character_across_the_border(), std::string(3000, '\0'),
          std::string("\xff\xfe\xc0\xaf\x80"), std::string("exit\n"), std::string("no newline")}) {
      CAPTURE(excerpt(bytes, 40));
      Server server(kLab);
      Peer client = server.connect();
      client.send(bytes);
      CHECK(client.receives(bytes));
      CHECK(client.leaves());
      CHECK(server.exits(0));
    }
  }

  TEST_CASE("server: waits for no newline and answers a byte at a time" * kIdea) {
    Server server(kLab);
    Peer client = server.connect();
    for (const char byte : common::character_across_the_border().substr(kPortion - 4)) {
      client.send({&byte, 1});
      REQUIRE(client.receives({&byte, 1}));
    }
    CHECK(client.leaves());
    CHECK(server.exits(0));
  }

  TEST_CASE("server: after a half-close all that is on its way still comes back" * kIdea) {
    const std::string text = letters(1'000'000);
    Server server(kLab);
    Peer client = server.connect();
    client.send(text);
    client.finish_sending();
    CHECK(client.receives(text));
    CHECK(client.is_closed());
    CHECK(server.exits(0));
  }

  TEST_CASE("server: a reset ends it like a close with disconnect and stop and exit 0" * kIdea) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, kMuch}) {
      CAPTURE(size);
      Server server(kLab);
      Peer client = server.connect();
      REQUIRE(server.says("connect"));
      client.send(letters(size));
      client.reset();
      REQUIRE(server.exits(0));
      CHECK(server.says("disconnect", {client.address()}));
      CHECK(server.events().ends_with("disconnect stop"));
      CHECK(server.count("stop") == 1);
    }
  }

  TEST_CASE("server: disconnect says why and tells a reset from a close") {
    const std::string after_close = reason_of_disconnect(false);
    const std::string after_reset = reason_of_disconnect(true);
    CHECK(after_close != after_reset);
  }

  TEST_CASE("server: a client that never reads keeps it waiting and loses nothing") {
    const std::string text = letters(kMuch);
    Server server(kLab);
    Peer client = server.connect({.receive_buffer = 4096, .reads = false});
    client.send(text);
    client.stalls(server);
    CHECK(server.is_idle());
    client.read(true);
    CHECK(client.receives(text));
    CHECK(client.leaves());
    CHECK(server.exits(0));
  }

  TEST_CASE("server: a client that never reads and then resets is a client that left") {
    Server server(kLab);
    Peer client = server.connect({.receive_buffer = 4096, .reads = false});
    client.send(letters(kMuch));
    client.stalls(server);
    client.reset();
    CHECK(server.exits(0));
    CHECK(server.events().ends_with("disconnect stop"));
  }

  TEST_CASE("server: a client that closes before its reply has come is a client that left") {
    Server server(kLab);
    Peer client = server.connect();
    REQUIRE(server.says("connect"));
    // Stopped, the server does not send before the client has gone. The first portion that it
    // sends then is answered by a reset, the second one fails: with SIGPIPE, for who is not ready.
    server.signal(SIGSTOP);
    client.send(letters(3 * kPortion));
    client.close();
    server.signal(SIGCONT);
    CHECK(server.exits(0));
    CHECK(server.says("disconnect", {client.address()}));
    CHECK(server.events().ends_with("disconnect stop"));
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it at any instant") {
    common::signals_stop_it_at_any_instant(kLab);
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it in the middle of a transfer") {
    common::signals_stop_it_in_a_transfer(kLab);
  }

  TEST_CASE("server: further signals change nothing") {
    common::further_signals_change_nothing(kLab);
  }

  TEST_CASE("server: restarts on the same port while old connections are in TIME_WAIT" * kIdea) {
    common::restarts_on_the_same_port(kLab);
  }

  TEST_CASE("server: a busy port is an error and exit 1") {
    common::busy_port_is_an_error(kLab, "0.0.0.0");
  }

  TEST_CASE("server: uses no processor time while it waits") {
    common::idles_when_there_is_nothing_to_do(kLab);
  }

  // ---- The client ----

  TEST_CASE("client: usage on standard output and exit 0 for --help") {
    common::usage_is_told(kLab, "client");
  }

  TEST_CASE("client: a bad or surplus argument is refused with exit 2") {
    common::bad_arguments_are_refused(kLab, "client");
  }

  TEST_CASE("client: one line says what is wrong with an argument and then comes the usage") {
    common::complaint_stands_before_usage(kLab, "client");
  }

  TEST_CASE("client: connects to 127.0.0.1 and port 9090 unless told") {
    if (!possible(network::is_private(), "port 9090 may be somebody else's")) return;
    Listener listener("127.0.0.1", 9090);
    Client client(kLab, Setup{});
    Peer server = listener.accept();
    client.type("hello\n");
    CHECK(server.receives("hello\n"));
  }

  TEST_CASE("client: says what happens in the order in which it happens" * kIdea) {
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    server.echo();
    CHECK(client.says("connect", {listener.address()}));
    client.type("hello\n");
    CHECK(client.exits(0));
    CHECK(client.says("send", {"6 bytes"}));
    CHECK(client.says("receive", {"6 bytes"}));
    CHECK(client.events() == "connect send receive disconnect");
    CHECK(client.says_nothing_else());
  }

  TEST_CASE("client: sends one line with its newline and prints what comes back" * kIdea) {
    for (const std::string& line :
         {std::string("hello\n"), std::string("\n"), letters(1022) + '\n', letters(1023) + '\n',
          letters(1024) + '\n', common::character_across_the_border(),
          std::string("\0\xff\xc0 \r\n", 6)}) {
      CAPTURE(excerpt(line, 40));
      Listener listener;
      Client client(kLab, listener);
      Peer server = listener.accept();
      server.echo();
      client.type(line);
      CHECK(server.receives(line));
      CHECK(client.prints(line));
      CHECK(server.is_closed());
      CHECK(client.exits(0));
      CHECK(client.out().all() == line);
      CHECK(common::sizes_add_up(client, "send", line.size(), line.size()));
      CHECK(common::sizes_add_up(client, "receive", line.size(), line.size()));
    }
  }

  TEST_CASE("client: adds the newline if the input ends without one") {
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    server.echo();
    client.type("hello");
    client.end_input();
    CHECK(server.receives("hello\n"));
    CHECK(client.exits(0));
  }

  TEST_CASE("client: takes the first line of its input and no more") {
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    server.echo();
    client.type("first\nsecond\n");
    CHECK(server.receives("first\n"));
    CHECK(server.is_closed());
    CHECK(client.exits(0));
  }

  TEST_CASE("client: end of input at once sends nothing") {
    Listener listener;
    Client client(kLab, listener, {.in = "/dev/null"});
    CHECK(listener.accept().is_closed());
    CHECK(client.exits(0));
    CHECK(client.out().all() == "");
  }

  TEST_CASE("client: prints the echo however it is cut" * kIdea) {
    const std::string line = "Жизнь — это движение.\n";
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    client.type(line);
    std::size_t echoed = 0;
    for (std::size_t piece = 1; echoed < line.size(); piece = piece % 7 + 1) {
      REQUIRE(server.incoming.has(1));
      const std::string part(server.incoming.rest().substr(0, piece));
      server.incoming.take(part.size());
      server.send(part);
      echoed += part.size();
      REQUIRE(server.is_read());
    }
    CHECK(client.prints(line));
    CHECK(server.is_closed());
    server.finish_sending();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: is never more than 1024 bytes ahead of what it has received" * kIdea) {
    const std::string line = letters(300'000) + '\n';
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    client.type(line);
    std::size_t returned = 0;
    while (returned < line.size()) {
      REQUIRE(server.incoming.has(1));
      let_pass(std::chrono::microseconds(100));  // more could come if it were ahead
      const std::string portion(server.incoming.rest());
      REQUIRE(is_at_most_a_portion(portion.size()));
      server.incoming.take(portion.size());
      server.send(portion);
      returned += portion.size();
    }
    CHECK(server.is_closed());
    server.finish_sending();
    CHECK(client.exits(0));
  }

  TEST_CASE("client: a line of 20 MB comes back equal through a pipe" * kLong) {
    const std::string line = letters(kMuch) + '\n';
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    server.echo();
    client.type(line);
    CHECK(client.prints(line));
    CHECK(client.exits(0));
    CHECK(client.out().all().size() == line.size());
  }

  TEST_CASE("client: works with files and the server: client <in >out") {
    const std::string line = letters(1'000'000) + '\n';
    const std::string folder = scratch::folder("files");
    scratch::write_file(folder + "/in", line);
    Server server(kLab);
    Client client(kLab, {.arguments = {"127.0.0.1", std::to_string(server.port())},
                         .in = folder + "/in",
                         .out = folder + "/out"});
    common::writes_to_its_end(client, folder + "/out");
    CHECK(client.exits(0));
    CHECK(server.exits(0));
    CHECK(first_difference(line, scratch::read_file(folder + "/out")) == "");
  }

  TEST_CASE("client: half of the echo and then a close is an error and exit 1" * kIdea) {
    for (const std::string half : {"", "hel"}) {
      CAPTURE(half);
      Listener listener;
      Client client(kLab, listener);
      Peer server = listener.accept();
      client.type("hello\n");
      CHECK(server.receives("hello\n"));
      server.send(half);
      server.close();
      REQUIRE(client.exits(1));
      CHECK(client.out().all() == half);
      CHECK(client.count("error") == 1);
      CHECK(client.says_nothing_else());
    }
  }

  TEST_CASE("client: a reset by the server is an error and exit 1") {
    Listener listener;
    Client client(kLab, listener);
    Peer server = listener.accept();
    client.type(letters(5000) + '\n');
    CHECK(server.incoming.has(1));
    server.reset();
    REQUIRE(client.exits(1));
    CHECK(client.count("error") == 1);
    CHECK(client.says_nothing_else());
  }

  TEST_CASE("client: a line typed on a terminal comes back") {
    Listener listener;
    Client client(kLab, listener, {.in = kTerminal, .out = kTerminal});
    Peer server = listener.accept();
    server.echo();
    client.type("hello\n");
    CHECK(client.exits(0));
    CHECK(client.terminal().all() == "hello\r\nhello\r\n");  // what was typed, and the echo
  }

  TEST_CASE("client: a refused connection is one line of error and exit 1") {
    common::refused_connection_is_an_error(kLab);
  }

  TEST_CASE("client: a host that does not resolve is one line of error and exit 1") {
    common::unknown_host_is_an_error(kLab);
  }

  TEST_CASE("client: output that cannot be written is an error and exit 1") {
    common::full_output_is_an_error(kLab);
  }

  TEST_CASE("client: interrupted it ends by the signal with the terminal as it was") {
    common::interrupted_client_ends_by_the_signal(kLab);
  }
}
