// The dialogue that lab 2 brings and later labs keep: a line goes to the server and comes back,
// until `exit`. The checks of it, as functions, for each of those labs.

#pragma once

#include "subject.hpp"
#include "submission.hpp"
#include "tcp.hpp"

namespace grade::dialogue {

// Of a server.
void clients_are_served_one_after_another(const Lab& lab);
void a_silent_client_delays_the_next(const Lab& lab);
void lines_come_back(const Lab& lab);
void carriage_return_belongs_to_the_end(const Lab& lab);
void lines_are_cut_out_of_the_stream(const Lab& lab);
void exit_closes_without_a_reply(const Lab& lab);
void only_exit_is_exit(const Lab& lab);
void last_line_needs_no_newline(const Lab& lab);
void longest_line_comes_back(const Lab& lab);
void line_too_long_is_dropped_at_once(const Lab& lab);
void replies_outlive_the_close(const Lab& lab);
void leaving_in_any_way_is_survived(const Lab& lab);
void client_that_never_reads_is_survived(const Lab& lab);
void reconnects_leave_nothing_open(const Lab& lab);
void server_messages_are_in_order(const Lab& lab);

// Of a client.
void every_line_is_sent_and_every_reply_printed(const Lab& lab);
void exit_ends_the_client(const Lab& lab);
void end_of_input_says_exit(const Lab& lab);
void replies_are_printed_however_cut(const Lab& lab);
void long_line_comes_back_whole(const Lab& lab);
void files_come_back_equal(const Lab& lab);
void server_that_is_gone_is_an_error(const Lab& lab);
void prompt_is_shown_on_a_terminal_only(const Lab& lab);
void client_messages_are_in_order(const Lab& lab);

// It says something, says exit, and ends well once the server has closed.
void client_talks(Client& client, Peer& server);

// All of it that takes little time, for the labs whose idea is another one.
void server_keeps_it(const Lab& lab);
void client_keeps_it(const Lab& lab);

}  // namespace grade::dialogue
