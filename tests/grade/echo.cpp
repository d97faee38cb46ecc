#include "echo.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "common.hpp"
#include "guests.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "questions.hpp"

namespace grade::echo {
namespace {

constexpr std::size_t kLongestLine = 65'536;  // its end not counted
constexpr std::size_t kMuch = 20'000'000;     // bytes: more than all buffers on the way hold

std::string much_talk(const Lab& lab) {
  const std::string message = on_the_wire(lab, letters(60'000));
  std::string much;
  while (much.size() < kMuch) much += message;
  return much;
}

}  // namespace

// ---- The server ----

void guests_are_served_one_after_another(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  for (int round = 0; round < 3; ++round) CHECK(serves(server));
  CHECK(server.has_not_said("stop"));
  CHECK(server.stops_on({SIGTERM}));
  CHECK(server.says("start", {lab.name}));
}

void messages_come_back(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  Guest guest(server);
  const auto comes_back = [&](const std::string& message) {
    CAPTURE(excerpt(message, 40));
    guest.say(message);
    REQUIRE(guest.hears(message));
  };
  for (const std::size_t size :
       {0U, 1U, 1022U, 1023U, 1024U, 1025U, 2047U, 2048U, 2049U, 65'536U}) {
    comes_back(letters(size));
  }
  comes_back(std::string(1023, 'x') + "Жизнь — это движение");
  comes_back(std::string("\0\0", 2));
  comes_back("OK ERR ASK name TOKEN");  // words of the server's own, which mean nothing any more

  std::vector<std::string> many;
  for (std::size_t i = 0; i < 2000; ++i) many.push_back(letters(i % 50));
  guest.say_together(many);
  CHECK(guest.hears_in_a_row(many));
  CHECK(guest.peer.leaves());
  CHECK(server.has_not_said("error"));
}

void exit_closes_without_a_reply(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  {
    Guest guest(server);
    guest.say("exit");
    CHECK(guest.peer.is_closed());
  }
  {
    Guest guest(server);
    for (const char byte : on_the_wire(lab, "exit")) {
      REQUIRE(guest.peer.is_read());
      guest.peer.send({&byte, 1});
    }
    CHECK(guest.peer.is_closed());
  }
  {
    Guest guest(server);
    guest.say_together({"before", "exit", "after"});
    CHECK(guest.hears("before"));
    CHECK(guest.ends());
  }
  CHECK(serves(server));
}

void replies_outlive_the_close(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  Guest guest(server, {.receive_buffer = 4096});
  guest.peer.read(false);
  const std::vector<std::string> messages(50, letters(999));
  guest.say_together(messages);
  guest.say("exit");
  for (int i = 0; i < 20; ++i) guest.say(letters(50'000));
  CHECK(server.says("disconnect", {guest.peer.address()}));
  guest.peer.read(true);
  CHECK(guest.hears_in_a_row(messages));
  CHECK(guest.peer.is_closed());
  guest.peer.close();
  CHECK(serves(server));
}

void only_exit_is_exit(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  Guest guest(server);
  const std::vector<std::string> messages = {"exitus", "EXIT",  " exit",   "exit ", "exit exit",
                                             "exi",    "qexit", "logouts", ""};
  guest.say_together(messages);
  CHECK(guest.hears_in_a_row(messages));
  CHECK(guest.peer.leaves());
}

void leaving_in_any_way_is_survived(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  REQUIRE(serves(server));
  const auto is_gone = [&](Peer& peer, bool by_reset) {
    by_reset ? peer.reset() : peer.close();
    CHECK(server.says("disconnect", {peer.address()}));
    REQUIRE(serves(server));
  };
  for (const bool by_reset : {false, true}) {
    CAPTURE(by_reset);
    Peer at_once = server.connect();
    CHECK(server.says("connect", {at_once.address()}));  // which a reset might make unknown
    is_gone(at_once, by_reset);
    Guest after_ok(server);
    is_gone(after_ok.peer, by_reset);
    Guest in_mid_message(server);
    in_mid_message.peer.send(on_the_wire(lab, "half of it").substr(0, 7));
    CHECK(in_mid_message.peer.is_read());
    is_gone(in_mid_message.peer, by_reset);
    Guest before_its_replies(server);
    server.signal(SIGSTOP);  // see dialogue.cpp
    before_its_replies.say_together({"one", "two", "three"});
    by_reset ? before_its_replies.peer.reset() : before_its_replies.peer.close();
    server.signal(SIGCONT);
    is_gone(before_its_replies.peer, by_reset);
    Guest in_mid_reply(server);
    in_mid_reply.say_together({letters(5000), letters(50'000)});
    let_pass(std::chrono::microseconds(random_below(3000)));
    is_gone(in_mid_reply.peer, by_reset);
  }
  CHECK(server.stops_on({SIGTERM}));
}

void guest_that_never_reads_is_survived(const Lab& lab) {
  const std::string much = much_talk(lab);
  Server server(lab, knowing_guest(lab));
  Guest guest(server, {.receive_buffer = 4096});
  guest.peer.read(false);
  guest.peer.send(much);
  guest.peer.stalls(server);
  CHECK(server.is_idle());
  guest.peer.read(true);
  CHECK(guest.peer.receives(much));
  guest.peer.read(false);
  guest.peer.send(much);
  guest.peer.stalls(server);
  guest.peer.reset();
  CHECK(serves(server));
}

void reconnects_leave_nothing_open(const Lab& lab) {
  constexpr int kRounds = 100;
  Server server(lab, knowing_guest(lab));
  REQUIRE(serves(server));
  REQUIRE(serves(server));
  const std::size_t before = proc::count_descriptors(server.pid());
  for (int round = 0; round < kRounds; ++round) {
    Peer peer = server.connect();
    if (round % 5 == 1) peer.send(on_the_wire(lab, "half").substr(0, 3));
    if (round % 5 == 2) peer.send(on_the_wire(lab, ""));
    round % 5 < 3 ? peer.close() : peer.reset();
    if (round % 5 == 4) REQUIRE(serves(server));
  }
  REQUIRE(serves(server));
  CHECK(common::descriptors_are_closed(server, before));
  CHECK(common::zombies_are_reaped(server));
  wait_until([&] { return server.count("disconnect") >= 3 + kRounds + kRounds / 5; });
  CHECK(server.stops_on({SIGTERM}));
  CHECK(server.count("connect") == 3 + kRounds + kRounds / 5);
  CHECK(server.count("disconnect") == server.count("connect"));
}

void peer_is_named(const Lab& lab) {
  const std::string size = lab.number >= 8 ? "5 bytes" : "6 bytes";  // a newline is one more
  for (const std::string from : {"127.0.0.1", "127.1.2.3"}) {
    CAPTURE(from);
    Server server(lab, knowing_guest(lab));
    Guest guest(server, {.from = from});
    const std::string& address = guest.peer.address();
    CHECK(server.says("connect", {address}));
    CHECK(server.says("send", {"to " + address}));
    guest.say("hello");
    CHECK(guest.hears("hello"));
    CHECK(server.says("receive", {size + " from " + address}));
    CHECK(server.says("send", {size + " to " + address}));
    CHECK(guest.peer.leaves());
    CHECK(server.says("disconnect", {address}));
    CHECK(server.stops_on({SIGINT}));
    CHECK(server.events().starts_with("start listen connect send"));
    CHECK(server.events().ends_with("receive send disconnect stop"));
  }
}

void restarts_on_the_same_port(const Lab& lab) {
  const Setup setup = knowing_guest(lab);
  Server first(lab, setup);
  Guest guest(first);
  const std::uint16_t port = first.port();
  // It closes first, so it has the connection in TIME_WAIT, however it ends.
  first.signal(SIGKILL);
  REQUIRE(wait_until([&] { return first.is_over(); }));
  CHECK(guest.peer.is_dropped());
  guest.peer.close();
  Server second(lab, setup);
  REQUIRE(second.listens_on(port));
  CHECK(second.out().brings("Listening on port " + std::to_string(port) + "\n"));
  CHECK(serves(second));
}

void signals_stop_it_at_any_instant(const Lab& lab) {
  const std::string much = much_talk(lab);
  for (const int signal : {SIGINT, SIGTERM}) {
    CAPTURE(signal);
    for (int round = 0; round < 5; ++round) {
      Server server(lab, knowing_guest(lab));
      REQUIRE(server.says("start"));
      let_pass(std::chrono::microseconds(random_below(3000)));
      REQUIRE(server.stops_on({signal}));
    }
    Server at_question(lab, knowing_guest(lab));
    Peer silent = at_question.connect();
    REQUIRE(at_question.says("connect"));
    CHECK(at_question.stops_on({signal, SIGTERM, signal}));
    CHECK(silent.is_dropped());

    Server in_transfer(lab, knowing_guest(lab));
    Guest guest(in_transfer, {.receive_buffer = 4096});
    guest.peer.send(much);
    let_pass(std::chrono::microseconds(random_below(10'000)));
    CHECK(in_transfer.stops_on({signal}));
  }
}

void failing_accept_is_survived(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  REQUIRE(serves(server));
  // Not one descriptor more: accept() fails with EMFILE, and the client stays in the queue.
  server.limit(RLIMIT_NOFILE, proc::lowest_free_descriptor(server.pid()));
  Peer peer = server.connect();
  CHECK(server.is_idle());
  server.limit(RLIMIT_NOFILE, RLIM_INFINITY);
  CHECK(common::is_served_or_let_go(peer));  // it speaks first
  peer.close();
  CHECK(serves(server));
}

void idles_in_the_middle_of_a_message(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  Guest guest(server);
  guest.peer.send(on_the_wire(lab, "half of it").substr(0, 7));
  CHECK(guest.peer.is_read());
  CHECK(server.is_idle());
}

void lines_are_cut_out_of_the_stream(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  Guest guest(server);
  for (const char* piece : {"on", "e", "\ntw", "o\r", "\nthr", "ee\nfo"}) {
    guest.peer.send(piece);
    REQUIRE(guest.peer.is_read());
  }
  CHECK(guest.hears_in_a_row({"one", "two", "three"}));
  guest.peer.send("ur\n\xff\xfe\xc0\n\r\n\r\r\nlast");  // bytes are bytes
  guest.peer.finish_sending();
  CHECK(guest.hears_in_a_row({"four", "\xff\xfe\xc0", "", "\r", "last"}));
  CHECK(guest.peer.is_closed());
  for (const char* line : {"exit\r\n", "exit"}) {
    CAPTURE(escaped(line));
    Guest leaver(server);
    leaver.peer.send(line);
    leaver.peer.finish_sending();
    CHECK(leaver.peer.is_closed());
  }
}

void line_too_long_is_dropped(const Lab& lab) {
  Server server(lab, knowing_guest(lab));
  {
    Guest guest(server);
    guest.say("fits");
    guest.peer.send(letters(kLongestLine + 1));  // and no end
    CHECK(guest.hears("fits"));
    CHECK(guest.ends());
    CHECK(server.says("disconnect", {guest.peer.address()}));
    CHECK(server.count("error") == 1);
  }
  Talk at_question(server, {.from = "127.0.0.77"});
  at_question.peer.send(letters(kLongestLine + 1));
  CHECK(at_question.peer.is_dropped());
  CHECK(server.says("disconnect", {at_question.peer.address()}));
  CHECK(server.count("error") == 2);
  CHECK(serves(server));
}

// ---- The client ----

void every_line_is_sent_and_every_reply_printed(const Lab& lab) {
  Listener listener;
  Client client(lab, listener, with_session(lab));
  Host host(lab, listener);
  for (const std::string& line :
       {std::string("hello"), std::string(), letters(1024), letters(70'000), std::string("exitus"),
        std::string("EXIT"), std::string(" exit "), std::string(1023, 'x') + "Жизнь"}) {
    CAPTURE(excerpt(line, 40));
    client.type(line + '\n');
    REQUIRE(host.hears(line));
    host.say(line);
    REQUIRE(client.prints(line + '\n'));  // before the next line is typed
  }
  client.type("exit\nafter\n");
  CHECK(host.hears("exit"));
  host.peer.finish_sending();
  CHECK(host.peer.is_closed());  // and nothing after the exit
  CHECK(client.exits(0));
  CHECK(client.events().starts_with("connect receive"));
  CHECK(client.events().ends_with("send receive send disconnect"));
}

void end_of_input_says_exit(const Lab& lab) {
  Listener listener;
  {
    Setup setup = with_session(lab);
    setup.in = "/dev/null";
    Client client(lab, listener, setup);
    Host host(lab, listener);
    CHECK(host.hears("exit"));
    host.peer.finish_sending();
    CHECK(client.exits(0));
  }
  Client client(lab, listener, with_session(lab));
  Host host(lab, listener);
  client.type("no newline");
  client.end_input();
  CHECK(host.hears("no newline"));
  host.say("no newline");
  CHECK(host.hears("exit"));
  host.peer.finish_sending();
  CHECK(client.exits(0));
  CHECK(client.out().all() == "no newline\n");
}

void replies_are_printed_however_cut(const Lab& lab) {
  Listener listener;
  Client client(lab, listener, with_session(lab));
  Host host(lab, listener);
  const std::string line = "Жизнь — это движение";
  client.type(line + '\n');
  CHECK(host.hears(line));
  const std::string bytes = on_the_wire(lab, line);
  for (std::size_t sent = 0, piece = 1; sent < bytes.size(); sent += piece, piece = piece % 5 + 1) {
    host.peer.send(std::string_view(bytes).substr(sent, piece));
    REQUIRE(host.peer.is_read());
  }
  CHECK(client.prints(line + '\n'));
}

void files_come_back_equal(const Lab& lab) {
  std::string lines;
  for (const std::size_t size : {0U, 1U, 1023U, 1024U, 1025U, 65'535U, 65'536U, 0U, 5U}) {
    lines += letters(size) + '\n';
  }
  for (int line = 0; line < 100; ++line) lines += letters(random_below(80)) + '\n';
  std::string answers = kGuest + '\n';
  if (lab.number >= 7) answers += kPassword + '\n';
  const std::string folder = scratch::folder("files");
  scratch::write_file(folder + "/in", answers + lines);
  Server server(lab, knowing_guest(lab));
  Client client(lab, {.arguments = {"127.0.0.1", std::to_string(server.port())},
                      .in = folder + "/in",
                      .out = folder + "/out"});
  common::writes_to_its_end(client, folder + "/out");
  CHECK(client.exits(0));
  CHECK(first_difference(lines, scratch::read_file(folder + "/out")) == "");
}

void server_that_is_gone_is_an_error(const Lab& lab) {
  for (const bool by_reset : {false, true}) {
    CAPTURE(by_reset);
    Listener listener;
    Client client(lab, listener, with_session(lab));
    Host host(lab, listener);
    client.type("hello\n");
    CHECK(host.hears("hello"));
    host.say("hello");
    CHECK(client.prints("hello\n"));
    by_reset ? host.peer.reset() : host.peer.close();
    client.type("are you there?\n");
    REQUIRE(client.exits(1));
    CHECK(client.out().all() == "hello\n");
    CHECK(client.count("error") == 1);
  }
}

void prompt_is_shown_on_a_terminal_only(const Lab& lab) {
  Listener listener;
  {
    Client client(lab, listener, with_session(lab, {.in = kTerminal}));
    Host host(lab, listener);
    CHECK(client.err().until("> ").has_value());  // it waits behind its prompt
    client.type("hello\n");
    CHECK(host.hears("hello"));
    host.say("hello");
    CHECK(client.prints("hello\n"));
    CHECK(client.err().until("> ").has_value());
    client.end_input();  // Ctrl-D
    CHECK(host.hears("exit"));
    host.peer.finish_sending();
    CHECK(client.exits(0));
  }
  Client client(lab, listener, with_session(lab));
  Host host(lab, listener);
  client.type("exit\n");
  CHECK(host.hears("exit"));
  host.peer.finish_sending();
  CHECK(client.exits(0));
  CHECK(("\n" + client.err().all()).find("\n>") == std::string::npos);
}

void full_output_is_an_error(const Lab& lab) {
  Listener listener;
  Client client(lab, listener, with_session(lab, {.out = "/dev/full"}));
  Host host(lab, listener);
  client.type("hello\n");
  CHECK(host.hears("hello"));
  host.say("hello");
  REQUIRE(client.exits(1));
  CHECK(client.says("error"));
}

void server_keeps_it(const Lab& lab) {
  SUBCASE("guests are served one after another") {
    guests_are_served_one_after_another(lab);
  }
  SUBCASE("messages come back") {
    messages_come_back(lab);
  }
  SUBCASE("exit closes without a reply") {
    exit_closes_without_a_reply(lab);
  }
  SUBCASE("only exit is exit") {
    only_exit_is_exit(lab);
  }
  SUBCASE("leaving in any way is survived") {
    leaving_in_any_way_is_survived(lab);
  }
  SUBCASE("a guest that never reads is survived") {
    guest_that_never_reads_is_survived(lab);
  }
  SUBCASE("reconnects leave nothing open") {
    reconnects_leave_nothing_open(lab);
  }
  SUBCASE("messages name the peer") {
    peer_is_named(lab);
  }
  SUBCASE("restarts on the same port") {
    restarts_on_the_same_port(lab);
  }
  SUBCASE("signals stop it at any instant") {
    signals_stop_it_at_any_instant(lab);
  }
  SUBCASE("signals stop it at its question") {
    questions::signals_stop_it_at_the_question(lab);
  }
  SUBCASE("an accept that fails is survived") {
    failing_accept_is_survived(lab);
  }
  SUBCASE("uses no processor time while it waits") {
    idles_in_the_middle_of_a_message(lab);
  }
  SUBCASE("usage and bad arguments") {
    common::usage_is_told(lab, "server");
    common::bad_arguments_are_refused(lab, "server");
  }
}

void client_keeps_it(const Lab& lab) {
  SUBCASE("every line is sent") {
    every_line_is_sent_and_every_reply_printed(lab);
  }
  SUBCASE("end of input says exit") {
    end_of_input_says_exit(lab);
  }
  SUBCASE("replies are printed however cut") {
    replies_are_printed_however_cut(lab);
  }
  SUBCASE("files come back equal") {
    files_come_back_equal(lab);
  }
  SUBCASE("a server that is gone is an error") {
    server_that_is_gone_is_an_error(lab);
  }
  SUBCASE("the prompt is shown on a terminal only") {
    prompt_is_shown_on_a_terminal_only(lab);
  }
  SUBCASE("output that cannot be written is an error") {
    full_output_is_an_error(lab);
  }
  SUBCASE("a refused connection is an error") {
    common::refused_connection_is_an_error(lab);
  }
  SUBCASE("an unknown host is an error") {
    common::unknown_host_is_an_error(lab);
  }
  SUBCASE("usage and bad arguments") {
    common::usage_is_told(lab, "client");
    common::bad_arguments_are_refused(lab, "client");
  }
}

}  // namespace grade::echo
