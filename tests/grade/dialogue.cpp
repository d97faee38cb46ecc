#include "dialogue.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>

#include "check.hpp"
#include "common.hpp"
#include "loop.hpp"
#include "proc.hpp"

namespace grade::dialogue {
namespace {

using common::kMuch;

constexpr std::size_t kLongestLine = 65'536;  // its end not counted

// Sends each piece by itself, after the server has read the one before it.
void send_in_pieces(Peer& client, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) {
    client.send(piece);
    REQUIRE(client.is_read());
  }
}

// The server closes (or resets, if it left something unread) and has sent nothing more before.
Outcome closes_without_reply(Peer& client) {
  const bool ends = wait_until([&] { return client.incoming.finished(); });
  if (!ends) return Outcome::fails("a close was expected, and did not come");
  return Outcome::of(client.incoming.rest().empty(),
                     "there was a reply: \"" + excerpt(client.incoming.rest()) + '"');
}

// Not even when the server has done all that it has to do.
Outcome has_no_reply(Server& server, Peer& client) {
  static_cast<void>(server.is_idle());
  return Outcome::of(client.incoming.rest().empty(),
                     "there was a reply: \"" + excerpt(client.incoming.rest()) + '"');
}

// What `disconnect` says after the peer: of one who said exit, and then of one who closed.
Outcome disconnects_have_their_reasons(Server& server) {
  std::vector<std::string> reasons;
  for (const Message& message : server.messages()) {
    if (message.event != "disconnect") continue;
    std::string reason = message.explanation;
    std::erase_if(reason, [](char c) { return c >= '0' && c <= '9'; });  // ports differ
    reasons.push_back(reason);
  }
  const bool differ = reasons.size() == 2 && reasons[0] != reasons[1];
  return Outcome::of(differ,
                     "`disconnect` does not say why: it is the same after exit and after a "
                     "close" +
                         (reasons.empty() ? "" : ": " + reasons[0]));
}

}  // namespace

void clients_are_served_one_after_another(const Lab& lab) {
  Server server(lab);
  for (int round = 0; round < 3; ++round) CHECK(server.serves());
  CHECK(server.has_not_said("stop"));
}

void a_silent_client_delays_the_next(const Lab& lab) {
  Server server(lab);
  Peer silent = server.connect();
  REQUIRE(server.says("connect", {silent.address()}));
  Peer next = server.connect();
  next.send("hello\n");
  CHECK(silent.leaves());
  CHECK(next.receives("hello\n"));
  CHECK(next.leaves());
}

void lines_come_back(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  const auto line_comes_back = [&](const std::string& sent, const std::string& returned) {
    CAPTURE(excerpt(sent, 40));
    client.send(sent);
    REQUIRE(client.receives(returned));
  };
  for (const std::size_t size : {0U, 1U, 1022U, 1023U, 1024U, 1025U, 2047U, 2048U, 2049U}) {
    line_comes_back(letters(size) + '\n', letters(size) + '\n');
  }
  line_comes_back(common::character_across_the_border(), common::character_across_the_border());
  // Bytes are bytes.
  std::string bytes = all_bytes(512);
  std::erase(bytes, '\n');
  line_comes_back(bytes + '\n', bytes + '\n');
  line_comes_back(std::string("\0\0\n", 3), std::string("\0\0\n", 3));
  line_comes_back("\xff\xfe\xc0\xaf\n", "\xff\xfe\xc0\xaf\n");
  CHECK(client.leaves());
}

void carriage_return_belongs_to_the_end(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  const std::string longest = letters(kLongestLine);
  client.send("abc\r\n\r\na\rb\r\r\n\r\r\n" + longest + "\r\n");
  CHECK(client.receives("abc\n\na\rb\r\n\r\n" + longest + "\n"));
  send_in_pieces(client, {longest, "\r"});
  client.send("\n");
  CHECK(client.receives(longest + '\n'));
  CHECK(server.has_not_said("error"));
  client.send("exit\r\n");
  CHECK(client.is_dropped());  // after whatever came
}

void lines_are_cut_out_of_the_stream(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  send_in_pieces(client, {"o", "n", "e", "\n"});
  CHECK(client.receives("one\n"));
  send_in_pieces(client, {"half of a line"});
  CHECK(has_no_reply(server, client));
  client.send("\n");
  CHECK(client.receives("half of a line\n"));
  send_in_pieces(client, {"tw", "o", "\nthr", "ee\nfo"});
  CHECK(client.receives("two\nthree\n"));
  send_in_pieces(client, {"ur\n"});
  CHECK(client.receives("four\n"));

  std::string many;
  for (int line = 0; line < 5000; ++line)
    many += letters(static_cast<std::size_t>(line % 50)) + '\n';
  client.send(many);
  CHECK(client.receives(many));
  CHECK(client.leaves());
}

void exit_closes_without_a_reply(const Lab& lab) {
  Server server(lab);
  {
    Peer client = server.connect();
    client.send("exit\n");
    CHECK(client.is_closed());
  }
  {
    Peer client = server.connect();
    send_in_pieces(client, {"e", "xi"});
    client.send("t\n");
    CHECK(client.is_closed());
  }
  {
    Peer client = server.connect();
    client.send("before\nexit\nafter\n");
    CHECK(client.receives("before\n"));
    CHECK(closes_without_reply(client));
  }
  {
    Peer client = server.connect();
    client.send("exit");  // the last line
    CHECK(client.leaves());
  }
  CHECK(server.serves());
}

void only_exit_is_exit(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  const std::string lines = "exitus\nEXIT\n exit\nexit \nexit exit\nexi\nqexit\n";
  client.send(lines);
  CHECK(client.receives(lines));
  CHECK(client.leaves());
}

void last_line_needs_no_newline(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  client.send("first\nlast");
  client.finish_sending();
  CHECK(client.receives("first\nlast\n"));
  CHECK(client.is_closed());
  CHECK(server.serves());
}

void longest_line_comes_back(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  const std::string longest = letters(kLongestLine);
  client.send(longest + '\n');
  CHECK(client.receives(longest + '\n'));
  CHECK(client.leaves());
  CHECK(server.has_not_said("error"));
}

void line_too_long_is_dropped_at_once(const Lab& lab) {
  Server server(lab);
  const std::string too_long = letters(kLongestLine + 1);
  std::size_t errors = 0;
  for (const std::string& line : {too_long, too_long + '\n', letters(kLongestLine) + "\ry",
                                  "fits\n" + too_long, letters(kMuch)}) {
    CAPTURE(excerpt(line, 20));
    Peer client = server.connect();
    client.send(line);  // and no end: neither of the line nor of the connection
    if (line.starts_with("fits")) CHECK(client.receives("fits\n"));
    REQUIRE(closes_without_reply(client));
    CHECK(server.says("disconnect", {client.address()}));
    client.close();
    REQUIRE(server.serves());
    CHECK(server.count("error") == ++errors);
  }
}

void replies_outlive_the_close(const Lab& lab) {
  Server server(lab);
  std::string replies;
  for (std::size_t line = 0; line < 50; ++line) replies += letters(999) + '\n';
  const std::string surplus = letters(1'000'000);
  for (const std::string& end : {"exit\n" + surplus, surplus}) {  // of itself a line too long
    CAPTURE(excerpt(end, 10));
    Peer client = server.connect({.receive_buffer = 4096, .reads = false});
    client.send(replies + end);
    CHECK(server.says("disconnect", {client.address()}));
    client.read(true);
    CHECK(client.receives(replies));
    CHECK(client.is_closed());
    client.close();
    CHECK(server.serves());
  }
}

void leaving_in_any_way_is_survived(const Lab& lab) {
  Server server(lab);
  {
    Peer closes_at_once = server.connect();
    closes_at_once.close();
  }
  CHECK(server.serves());
  {
    Peer resets_at_once = server.connect();
    resets_at_once.reset();
  }
  CHECK(server.serves());
  {
    Peer in_mid_line = server.connect();
    in_mid_line.send("half a li");
    CHECK(in_mid_line.is_read());
    in_mid_line.reset();
    CHECK(server.says("disconnect", {in_mid_line.address()}));
  }
  CHECK(server.serves());
  {
    Peer before_its_replies = server.connect();
    REQUIRE(server.says("connect", {before_its_replies.address()}));
    // Stopped, the server does not send before the client has gone. The first reply is answered
    // by a reset, the second one fails: with SIGPIPE, for who is not ready.
    server.signal(SIGSTOP);
    before_its_replies.send("one\ntwo\nthree\n");
    before_its_replies.close();
    server.signal(SIGCONT);
    CHECK(server.says("disconnect", {before_its_replies.address()}));
  }
  CHECK(server.serves());
  for (int round = 0; round < 5; ++round) {
    Peer in_mid_reply = server.connect();
    in_mid_reply.send(letters(5000) + '\n' + letters(50'000) + '\n');
    let_pass(std::chrono::microseconds(random_below(3000)));
    in_mid_reply.reset();
    CHECK(server.serves());
  }
}

void client_that_never_reads_is_survived(const Lab& lab) {
  std::string much;
  while (much.size() < kMuch) much += letters(999) + '\n';
  Server server(lab);
  Peer client = server.connect({.receive_buffer = 4096, .reads = false});
  client.send(much);
  client.stalls(server);
  CHECK(server.is_idle());
  SUBCASE("and reads in the end") {
    client.read(true);
    CHECK(client.receives(much));
    CHECK(client.leaves());
  }
  SUBCASE("and resets in the end") {
    client.reset();
  }
  CHECK(server.serves());
}

void reconnects_leave_nothing_open(const Lab& lab) {
  Server server(lab);
  REQUIRE(server.serves());
  REQUIRE(server.serves());
  const std::size_t before = proc::count_descriptors(server.pid());
  for (int round = 0; round < 250; ++round) {
    Peer client = server.connect();
    if (round % 5 == 1) client.send("half a line");
    if (round % 5 == 2) client.send("exit\n");
    round % 5 < 3 ? client.close() : client.reset();
    REQUIRE(server.serves());  // the 500th, in the end
  }
  CHECK(common::descriptors_are_closed(server, before));
  CHECK(common::zombies_are_reaped(server));
  CHECK(wait_until([&] { return server.count("disconnect") >= 502; }));
  CHECK(server.count("connect") == 502);
  CHECK(server.count("disconnect") == 502);
}

void server_messages_are_in_order(const Lab& lab) {
  Server server(lab);
  Peer first = server.connect();
  CHECK(server.says("connect", {first.address()}));
  first.send("hello\nexit\n");
  CHECK(first.receives("hello\n"));
  CHECK(first.is_closed());
  Peer second = server.connect();
  second.send(letters(3000) + '\n');
  CHECK(second.receives(letters(3000) + '\n'));
  CHECK(second.leaves());
  CHECK(server.says("disconnect", {second.address()}));
  CHECK(server.stops_on({SIGINT}));
  CHECK(server.events() ==
        "start listen connect receive send disconnect connect receive send disconnect stop");
  CHECK(server.says("start", {lab.name}));
  CHECK(server.says("send", {"6 bytes to " + first.address()}));
  CHECK(server.says("disconnect", {first.address()}));
  CHECK(disconnects_have_their_reasons(server));
  CHECK(server.says("send", {"3001 bytes to " + second.address()}));
  CHECK(common::sizes_add_up(server, "receive", 6 + 5 + 3001));
}

void every_line_is_sent_and_every_reply_printed(const Lab& lab) {
  Listener listener;
  Client client(lab, listener);
  Peer server = listener.accept();
  std::string bytes = all_bytes(600);
  std::erase(bytes, '\n');
  std::erase(bytes, '\r');
  for (const std::string& line :
       {std::string("hello\n"), std::string("\n"), letters(1023) + '\n', letters(1024) + '\n',
        common::character_across_the_border(), std::string("exitus\n"), std::string("EXIT\n"),
        std::string(" exit \n"), bytes + '\n'}) {
    CAPTURE(excerpt(line, 40));
    client.type(line);
    REQUIRE(server.receives(line));
    server.send(line);
    REQUIRE(client.prints(line));  // before the next line is typed
  }
}

void exit_ends_the_client(const Lab& lab) {
  Listener listener;
  Client client(lab, listener);
  Peer server = listener.accept();
  client.type("exit\nafter\n");
  CHECK(server.receives("exit\n"));
  server.finish_sending();
  CHECK(server.is_closed());  // and nothing after the exit
  CHECK(client.exits(0));
  CHECK(client.out().all() == "");
}

void end_of_input_says_exit(const Lab& lab) {
  Listener listener;
  {
    Client client(lab, listener, {.in = "/dev/null"});
    Peer server = listener.accept();
    CHECK(server.receives("exit\n"));
    server.finish_sending();
    CHECK(server.is_closed());
    CHECK(client.exits(0));
  }
  {
    Client client(lab, listener, {.in = kTerminal});
    Peer server = listener.accept();
    REQUIRE(client.says("connect"));
    client.end_input();  // Ctrl-D
    CHECK(server.receives("exit\n"));
    server.finish_sending();
    CHECK(client.exits(0));
  }
  Client client(lab, listener);
  Peer server = listener.accept();
  client.type("no newline");
  client.end_input();
  CHECK(server.receives("no newline\n"));
  server.send("no newline\n");
  CHECK(server.receives("exit\n"));
  server.finish_sending();
  CHECK(client.exits(0));
  CHECK(client.out().all() == "no newline\n");
}

void replies_are_printed_however_cut(const Lab& lab) {
  Listener listener;
  Client client(lab, listener);
  Peer server = listener.accept();
  const std::string line = "Жизнь — это движение.\n";
  client.type(line);
  CHECK(server.receives(line));
  for (std::size_t sent = 0, piece = 1; sent < line.size(); sent += piece, piece = piece % 7 + 1) {
    server.send(line.substr(sent, piece));
    REQUIRE(server.is_read());
  }
  CHECK(client.prints(line));
}

void long_line_comes_back_whole(const Lab& lab) {
  const std::string line = letters(kMuch) + '\n';
  Listener listener;
  Client client(lab, listener);
  Peer server = listener.accept();
  server.echo();
  client.type(line);
  CHECK(server.receives(line));
  CHECK(client.prints(line));
}

void files_come_back_equal(const Lab& lab) {
  std::string lines;
  for (const std::size_t size : {0U, 1U, 1023U, 1024U, 1025U, 65'535U, 65'536U, 0U, 5U}) {
    lines += letters(size) + '\n';
  }
  for (int line = 0; line < 2000; ++line) lines += letters(random_below(80)) + '\n';
  const std::string folder = scratch::folder("files");
  scratch::write_file(folder + "/in", lines);
  Server server(lab);
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
    Client client(lab, listener);
    Peer server = listener.accept();
    client.type("hello\n");
    CHECK(server.receives("hello\n"));
    server.send("hello\n");
    CHECK(client.prints("hello\n"));
    by_reset ? server.reset() : server.close();
    client.type("are you there?\n");
    REQUIRE(client.exits(1));
    CHECK(client.out().all() == "hello\n");
    CHECK(client.count("error") == 1);
    CHECK(client.says_nothing_else());
  }
}

void prompt_is_shown_on_a_terminal_only(const Lab& lab) {
  Listener listener;
  {
    Client client(lab, listener, {.in = kTerminal});
    Peer server = listener.accept();
    server.echo();
    CHECK(client.err().until("> ").has_value());  // it waits behind its prompt
    client.type("hello\n");
    CHECK(client.prints("hello\n"));
    CHECK(client.err().until("> ").has_value());
  }
  Client client(lab, listener);
  Peer server = listener.accept();
  client_talks(client, server);
  CHECK(("\n" + client.err().all()).find("\n>") == std::string::npos);
}

void client_talks(Client& client, Peer& server) {
  client.type("hello\n");
  CHECK(server.receives("hello\n"));
  server.send("hello\n");
  CHECK(client.prints("hello\n"));
  client.type("exit\n");
  CHECK(server.receives("exit\n"));
  server.finish_sending();
  CHECK(client.exits(0));
}

void client_messages_are_in_order(const Lab& lab) {
  Listener listener;
  Client client(lab, listener);
  Peer server = listener.accept();
  CHECK(client.says("connect", {listener.address()}));
  client.type("hello\n");
  CHECK(server.receives("hello\n"));
  server.send("hello\n");
  CHECK(client.says("receive", {"6 bytes"}));
  client.type("exit\n");
  CHECK(server.receives("exit\n"));
  server.close();
  CHECK(client.exits(0));
  CHECK(client.events() == "connect send receive send disconnect");
  CHECK(client.says("send", {"6 bytes"}));
  CHECK(client.says("send", {"5 bytes"}));
  CHECK(client.says_nothing_else());
}

void server_keeps_it(const Lab& lab) {
  SUBCASE("clients are served one after another") {
    clients_are_served_one_after_another(lab);
  }
  SUBCASE("lines come back") {
    lines_come_back(lab);
  }
  SUBCASE("a carriage return belongs to the end") {
    carriage_return_belongs_to_the_end(lab);
  }
  SUBCASE("lines are cut out of the stream") {
    lines_are_cut_out_of_the_stream(lab);
  }
  SUBCASE("exit closes without a reply") {
    exit_closes_without_a_reply(lab);
  }
  SUBCASE("only exit is exit") {
    only_exit_is_exit(lab);
  }
  SUBCASE("the last line needs no newline") {
    last_line_needs_no_newline(lab);
  }
  SUBCASE("the longest line comes back") {
    longest_line_comes_back(lab);
  }
  SUBCASE("a line too long is dropped at once") {
    line_too_long_is_dropped_at_once(lab);
  }
  SUBCASE("leaving in any way is survived") {
    leaving_in_any_way_is_survived(lab);
  }
  SUBCASE("messages are in order") {
    server_messages_are_in_order(lab);
  }
}

void client_keeps_it(const Lab& lab) {
  SUBCASE("every line is sent") {
    every_line_is_sent_and_every_reply_printed(lab);
  }
  SUBCASE("exit ends it") {
    exit_ends_the_client(lab);
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
  SUBCASE("messages are in order") {
    client_messages_are_in_order(lab);
  }
}

}  // namespace grade::dialogue
