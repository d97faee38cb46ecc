// lab2_persistent: one client after another, and lines that are cut out of the stream.

#include "check.hpp"
#include "common.hpp"
#include "dialogue.hpp"
#include "trace.hpp"

using namespace grade;

namespace {

constexpr Lab kLab = kLabs[1];

}  // namespace

TEST_SUITE("lab2") {
  // ---- The server ----

  TEST_CASE("server: usage on standard output and exit 0 for --help") {
    common::usage_is_told(kLab, "server");
  }

  TEST_CASE("server: a bad or surplus argument is refused with exit 2") {
    common::bad_arguments_are_refused(kLab, "server");
    common::complaint_stands_before_usage(kLab, "server");
  }

  TEST_CASE("server: listens on port 9090 unless told") {
    if (!possible(network::is_private(), "port 9090 may be somebody else's")) return;
    Server server(kLab, Setup{});
    CHECK(server.listens_on(9090));
  }

  TEST_CASE("server: serves clients one after another for as long as it runs" * kIdea) {
    dialogue::clients_are_served_one_after_another(kLab);
  }

  TEST_CASE("server: is there for the next client when a silent one has left") {
    dialogue::a_silent_client_delays_the_next(kLab);
  }

  TEST_CASE("server: returns each line with a newline") {
    dialogue::lines_come_back(kLab);
  }

  TEST_CASE("server: a \\r before the newline belongs to the end of the line") {
    dialogue::carriage_return_belongs_to_the_end(kLab);
  }

  TEST_CASE("server: cuts lines out of the stream however it comes" * kIdea) {
    dialogue::lines_are_cut_out_of_the_stream(kLab);
  }

  TEST_CASE("server: the line exit gets no reply and a close" * kIdea) {
    dialogue::exit_closes_without_a_reply(kLab);
  }

  TEST_CASE("server: no other line is exit" * kIdea) {
    dialogue::only_exit_is_exit(kLab);
  }

  TEST_CASE("server: a last line without a newline is a line" * kIdea) {
    dialogue::last_line_needs_no_newline(kLab);
  }

  TEST_CASE("server: a line of 65536 bytes comes back") {
    dialogue::longest_line_comes_back(kLab);
  }

  TEST_CASE("server: a longer line is an error and a disconnect without waiting for its end" *
            kIdea) {
    dialogue::line_too_long_is_dropped_at_once(kLab);
  }

  TEST_CASE("reference: who has sent much behind exit or a line too long gets all replies") {
    dialogue::replies_outlive_the_close(kLab);
  }

  TEST_CASE("server: is there for the next client after any kind of leaving" * kIdea) {
    dialogue::leaving_in_any_way_is_survived(kLab);
  }

  TEST_CASE("server: is there for the next client after one that never reads") {
    dialogue::client_that_never_reads_is_survived(kLab);
  }

  TEST_CASE("server: 500 reconnects leave no descriptor open") {
    dialogue::reconnects_leave_nothing_open(kLab);
  }

  TEST_CASE("server: says what happens in the order in which it happens") {
    dialogue::server_messages_are_in_order(kLab);
  }

  TEST_CASE("server: says send when a line has gone out and not before") {
    common::send_is_said_after_sending(kLab);
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
  }

  TEST_CASE("server: SIGINT and SIGTERM stop it in the middle of a transfer") {
    common::signals_stop_it_in_a_transfer(kLab);
  }

  TEST_CASE("server: further signals change nothing") {
    common::further_signals_change_nothing(kLab);
  }

  TEST_CASE("server: restarts on the same port while old connections are in TIME_WAIT") {
    common::restarts_on_the_same_port(kLab);
  }

  TEST_CASE("server: a busy port is an error and exit 1") {
    common::busy_port_is_an_error(kLab, "0.0.0.0");
  }

  TEST_CASE("server: an accept that fails does not end it") {
    common::failing_accept_is_survived(kLab);
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

  TEST_CASE("client: sends every line and prints every reply" * kIdea) {
    dialogue::every_line_is_sent_and_every_reply_printed(kLab);
  }

  TEST_CASE("client: exit ends it") {
    dialogue::exit_ends_the_client(kLab);
  }

  TEST_CASE("client: at the end of its input it says exit itself" * kIdea) {
    dialogue::end_of_input_says_exit(kLab);
  }

  TEST_CASE("client: prints a reply however it is cut" * kIdea) {
    dialogue::replies_are_printed_however_cut(kLab);
  }

  TEST_CASE("client: a line of 20 MB comes back equal" * kLong) {
    dialogue::long_line_comes_back_whole(kLab);
  }

  TEST_CASE("client: works with files and the server: client <in >out") {
    dialogue::files_come_back_equal(kLab);
  }

  TEST_CASE("client: a server that is gone is found at the next line with error and exit 1" *
            kIdea) {
    dialogue::server_that_is_gone_is_an_error(kLab);
  }

  TEST_CASE("client: shows the prompt where standard input is a terminal and only there") {
    dialogue::prompt_is_shown_on_a_terminal_only(kLab);
  }

  TEST_CASE("client: says what happens in the order in which it happens") {
    dialogue::client_messages_are_in_order(kLab);
  }

  TEST_CASE("client: each message is one write") {
    if (!possible(trace::is_possible(), "it needs strace")) return;
    const std::string file = scratch::folder("trace") + "/writes";
    Listener listener;
    Client client(kLab, listener, {.wrapper = trace::command(file)});
    Peer server = listener.accept();
    server.echo();
    client.type("hello\n");
    REQUIRE(client.says("receive"));
    common::each_message_is_one_write(client, file);
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
