#include "common.hpp"

#include <netinet/tcp.h>
#include <sys/resource.h>

#include <chrono>
#include <vector>

#include "check.hpp"
#include "lines.hpp"
#include "loop.hpp"
#include "proc.hpp"
#include "proc_net.hpp"
#include "scratch.hpp"
#include "terminal.hpp"
#include "trace.hpp"

namespace grade::common {
namespace {

std::chrono::microseconds random_time(std::chrono::microseconds limit) {
  return std::chrono::microseconds(random_below(static_cast<std::uint64_t>(limit.count())));
}

int random_stop_signal() {
  return random_below(2) == 0 ? SIGINT : SIGTERM;
}

std::string much_text() {
  std::string text;
  while (text.size() < kMuch) text += letters(999) + '\n';
  return text;
}

std::vector<std::vector<std::string>> bad_arguments(const Lab& lab, const std::string& role) {
  std::vector<std::string> bad_ports = {"abc", "65536", "70000", "-5",
                                        "80x", "9_090", "",      "99999999999999999999"};
  if (lab.number >= 3) bad_ports.emplace_back("0");
  std::vector<std::vector<std::string>> all = {{"9090", "surplus"}};
  for (const std::string& port : bad_ports) all.insert(all.begin(), {port});
  if (role == "client") {
    for (std::vector<std::string>& arguments : all)
      arguments.insert(arguments.begin(), "127.0.0.1");
  }
  return all;
}

}  // namespace

std::string character_across_the_border() {
  return std::string(kPortion - 1, 'x') + "Жизнь — это движение\n";
}

Outcome sizes_add_up(Subject& program, std::string_view event, std::size_t total,
                     std::size_t most) {
  std::size_t sum = 0;
  for (const Message& message : program.messages()) {
    if (message.event != event) continue;
    const std::optional<std::size_t> size = bytes_of(message);
    if (!size || *size == 0 || *size > most) {
      return Outcome::fails("not 1 to " + std::to_string(most) + " bytes: " + message.event + ": " +
                            message.explanation);
    }
    sum += *size;
  }
  return Outcome::of(sum == total, "the " + std::string(event) + " messages tell of " +
                                       std::to_string(sum) + " bytes, there were " +
                                       std::to_string(total));
}

void usage_is_told(const Lab& lab, const std::string& role) {
  for (const std::string option : {"-h", "--help"}) {
    CAPTURE(option);
    Subject program(lab, role, {.arguments = {option}, .in = "/dev/null"});
    REQUIRE(program.exits(0));
    CHECK(!program.out().all().empty());
    CHECK(program.messages().empty());
  }
}

void bad_arguments_are_refused(const Lab& lab, const std::string& role) {
  for (const std::vector<std::string>& arguments : bad_arguments(lab, role)) {
    CAPTURE(arguments.back());
    Subject program(lab, role, {.arguments = arguments, .in = "/dev/null"});
    REQUIRE(program.exits(2));
    CHECK(program.out().all() == "");
    CHECK(!program.err().all().empty());
    CHECK(program.messages().empty());
  }
}

void complaint_stands_before_usage(const Lab& lab, const std::string& role) {
  Subject helpful(lab, role, {.arguments = {"--help"}, .in = "/dev/null"});
  REQUIRE(helpful.exits(0));
  REQUIRE(!helpful.out().all().empty());
  const std::string usage = lines_of(helpful.out().all())[0];

  Subject program(lab, role, {.arguments = bad_arguments(lab, role)[0], .in = "/dev/null"});
  REQUIRE(program.exits(2));
  const std::vector<std::string> told = lines_of(program.err().all());
  CAPTURE(program.err().all());
  REQUIRE(told.size() >= 2);
  CHECK(told[0] != usage);
  CHECK(told[1] == usage);
}

void signals_stop_it_at_any_instant(const Lab& lab) {
  for (int round = 0; round < 25; ++round) {
    CAPTURE(round);
    Server server(lab);
    REQUIRE(server.says("start"));
    let_pass(random_time(std::chrono::milliseconds(3)));
    REQUIRE(server.stops_on({random_stop_signal()}));
  }
  for (const int signal : {SIGINT, SIGTERM}) {  // waiting in accept(), and in recv()
    CAPTURE(signal);
    Server lonely(lab);
    REQUIRE(lonely.listens());
    CHECK(lonely.stops_on({signal}));

    Server waiting(lab);
    Peer silent = waiting.connect();
    REQUIRE(waiting.says("connect"));
    CHECK(waiting.stops_on({signal}));
    CHECK(silent.is_dropped());
  }
}

void signals_stop_it_in_a_transfer(const Lab& lab) {
  const std::string text = much_text();
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    Server server(lab);
    Peer client = server.connect();
    client.send(text);
    let_pass(random_time(std::chrono::milliseconds(15)));
    REQUIRE(server.stops_on({random_stop_signal()}));
  }
  Server server(lab);
  Peer client = server.connect({.receive_buffer = 4096, .reads = false});
  client.send(text);
  client.stalls(server);  // now the server waits in send()
  CHECK(server.stops_on({SIGTERM}));
}

void further_signals_change_nothing(const Lab& lab) {
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    Server server(lab);
    Peer client = server.connect();
    REQUIRE(server.says("connect"));
    REQUIRE(server.stops_on({SIGTERM, SIGINT, SIGTERM, SIGTERM, SIGINT}));
  }
}

void restarts_on_the_same_port(const Lab& lab) {
  const std::uint16_t port = free_port();
  const Setup setup{.arguments = {std::to_string(port)}};
  Server first(lab, setup);
  Peer client = first.connect();
  client.send("hello\n");
  REQUIRE(client.incoming.has(1));  // whatever it is
  // Whoever closes first has the connection in TIME_WAIT for a minute; here it is the server.
  // However it ends, the system closes for it.
  first.signal(SIGKILL);
  REQUIRE(wait_until([&] { return first.is_over(); }));
  CHECK(client.is_dropped());
  client.close();
  CHECK(wait_until([&] {
    const auto old = find_connection(client.other(), client.address());
    return !old || old->state == TCP_TIME_WAIT;
  }));

  Server second(lab, setup);
  REQUIRE(second.listens_on(port));
  Peer next = second.connect();
  next.send("hello\n");
  CHECK(next.incoming.has(1));
}

void busy_port_is_an_error(const Lab& lab, const std::string& busy_address) {
  for (const auto how : {BusyPort::How::kListening, BusyPort::How::kBoundOnly}) {
    CAPTURE(busy_address);
    const std::uint16_t port = free_port();
    const BusyPort busy(busy_address, port, how);
    Server server(lab, {.arguments = {std::to_string(port)}});
    REQUIRE(server.exits(1));
    CHECK(server.says("error", {std::to_string(port)}));
    CHECK(server.events().starts_with("start"));
  }
}

void messages_name_the_peer(const Lab& lab) {
  for (const std::string from : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
    CAPTURE(from);
    Server server(lab);
    Peer client = server.connect({.from = from});
    CHECK(server.says("connect", {client.address()}));
    client.send("\n");
    CHECK(server.says("receive", {"1 bytes from " + client.address()}));
    CHECK(server.says("send", {"1 bytes to " + client.address()}));
    client.finish_sending();
    CHECK(client.is_dropped());  // after whatever came
    CHECK(server.says("disconnect", {client.address()}));
  }
}

void peer_is_named_after_its_reset(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  CHECK(server.says("connect", {client.address()}));  // so it is known, whatever comes
  client.reset();
  CHECK(server.says("disconnect", {client.address()}));
  if (lab.number == 1) return;  // which takes one client only
  server.signal(SIGSTOP);
  server.connect().reset();  // before it is accepted
  server.signal(SIGCONT);
  CHECK(server.serves());
}

// What accept() itself tells is all that is known of such a peer, and not every language's library
// asks for it there: libuv does not, so a program in Node cannot name it.
void peer_is_named_that_left_before_accept(const Lab& lab) {
  Server server(lab);
  REQUIRE(server.listens());
  server.signal(SIGSTOP);  // so it cannot accept
  Peer late = server.connect();
  late.reset();
  server.signal(SIGCONT);
  CHECK(server.says("connect", {late.address()}));
  CHECK(server.says("disconnect", {late.address()}));
}

void send_is_said_after_sending(const Lab& lab) {
  Server server(lab);
  Peer client = server.connect();
  REQUIRE(server.says("connect"));
  // Stopped, the server does not read before the client has gone: what it sends then, fails.
  server.signal(SIGSTOP);
  client.send("hello\n");
  client.reset();
  server.signal(SIGCONT);
  CHECK(server.says("disconnect", {client.address()}));
  CHECK(server.has_not_said("send"));
}

void each_message_is_one_write(Subject& program, const std::string& file) {
  std::vector<std::string> writes;
  wait_until([&] {  // strace tells a write a moment after it
    writes =
        program.has_log() ? trace::writes_into("server.log", file) : trace::writes_to_stderr(file);
    return writes.size() >= program.messages().size();
  });
  CHECK(writes.size() == program.messages().size());
  for (const std::string& write : writes) {
    CAPTURE(write);
    CHECK(write.find("\\n\"") != std::string::npos);
    CHECK(write.find("\\n\"") == write.find("\\n"));  // one newline, at the end
  }
}

Outcome is_served_or_let_go(Peer& waiting) {
  const Outcome is_served = waiting.incoming.has(1);  // waits
  return Outcome::of(is_served || waiting.incoming.finished(),
                     "who came while no descriptor was free is neither served nor let go");
}

void failing_accept_is_survived(const Lab& lab) {
  const std::string program = scratch::read_file(submission::program_of(lab, "server"));
  if (!possible(program.find("__ubsan") == std::string::npos,
                "the sanitizer in this server needs descriptors for checks of its own")) {
    return;
  }
  Server server(lab);
  REQUIRE(server.listens());
  // Not one descriptor more: accept() fails with EMFILE, and the client stays in the queue. Who
  // waits in accept() has a descriptor already, for one client before.
  server.limit(RLIMIT_NOFILE, proc::lowest_free_descriptor(server.pid()));
  Peer before = server.connect();
  before.send("hello\n");
  static_cast<void>(server.is_idle());  // which it need not be while it serves somebody
  before.close();
  Peer client = server.connect();
  client.send("hello\n");
  CHECK(server.is_idle());
  server.limit(RLIMIT_NOFILE, RLIM_INFINITY);
  CHECK(is_served_or_let_go(client));
  client.close();
  CHECK(server.serves());
}

Outcome descriptors_are_closed(Server& server, std::size_t before) {
  std::size_t now = 0;
  const bool are_closed = wait_until([&] {  // the last one may not be closed yet
    now = proc::count_descriptors(server.pid());
    return now <= before;
  });
  return Outcome::of(are_closed, std::to_string(now) +
                                     " descriptors are open after all its clients have left, " +
                                     std::to_string(before) + " were before they came");
}

Outcome zombies_are_reaped(Server& server) {
  std::size_t left = 0;
  const bool are_reaped = wait_until([&] {  // the last one may have ended just now
    left = proc::count_zombies(server.pid());
    return left == 0;
  });
  return Outcome::of(
      are_reaped, std::to_string(left) + " processes that have ended are not waited for: zombies");
}

void idles_when_there_is_nothing_to_do(const Lab& lab) {
  Server server(lab);
  REQUIRE(server.listens());
  CHECK(server.is_idle());
  Peer client = server.connect();
  client.send("half a line");
  CHECK(client.is_read());
  CHECK(server.is_idle());
}

void refused_connection_is_an_error(const Lab& lab) {
  refused_connection_is_an_error(lab, std::to_string(free_port()));
}

void refused_connection_is_an_error(const Lab& lab, const std::string& port) {
  CAPTURE(port);
  Client client(lab, {.arguments = {"127.0.0.1", port}, .in = "/dev/null"});
  REQUIRE(client.exits(1));
  CHECK(client.says("error", {"127.0.0.1:" + port}));
  CHECK(client.count("error") == 1);
  CHECK(client.says_nothing_else());
  CHECK(client.out().all() == "");
}

void unknown_host_is_an_error(const Lab& lab) {
  Client client(lab, {.arguments = {"no-such-host.invalid", "9090"}, .in = "/dev/null"});
  REQUIRE(client.exits(1));
  CHECK(client.says("error", {"no-such-host.invalid"}));
  CHECK(client.count("error") == 1);
  CHECK(client.says_nothing_else());
}

void writes_to_its_end(Client& client, const std::string& path) {
  wait_until([&] { return client.ending().has_value(); },
             [&] { return scratch::read_file(path).size(); });
}

void full_output_is_an_error(const Lab& lab) {
  Listener listener;
  Client client(lab, listener, {.out = "/dev/full"});
  Peer server = listener.accept();
  client.type("hello\n");
  client.end_input();
  if (server.receives("hello\n")) server.send("hello\n");
  static_cast<void>(server.incoming.has(1));  // its exit, or its end
  server.finish_sending();
  REQUIRE(client.exits(1));
  CHECK(client.says("error"));
}

void interrupted_client_ends_by_the_signal(const Lab& lab) {
  Listener listener;
  {
    Client client(lab, listener, {.in = kTerminal});
    Peer server = listener.accept();
    REQUIRE(client.says("connect"));
    client.type("\x03");  // Ctrl-C
    CHECK(client.is_ended_by(SIGINT));
    CHECK(terminal_settings(client.terminal_channel().descriptor()) == untouched_terminal());
    CHECK(server.is_dropped());
  }
  Client client(lab, listener);
  Peer server = listener.accept();
  client.type("a line without an answer\n");
  CHECK(server.receives("a line without an answer\n"));
  client.signal(SIGTERM);
  CHECK(client.is_ended_by(SIGTERM));
}

}  // namespace grade::common
