// The dialogue of labs 6 to 8 once the client is in: what it says comes back, until `exit`. The
// checks of it, as functions, for lines and for frames; and what earlier labs' programs do besides.

#pragma once

#include "submission.hpp"

namespace grade::echo {

// Of a server.
void guests_are_served_one_after_another(const Lab& lab);
void messages_come_back(const Lab& lab);
void exit_closes_without_a_reply(const Lab& lab);
void replies_outlive_the_close(const Lab& lab);
void only_exit_is_exit(const Lab& lab);
void leaving_in_any_way_is_survived(const Lab& lab);
void guest_that_never_reads_is_survived(const Lab& lab);
void reconnects_leave_nothing_open(const Lab& lab);
void peer_is_named(const Lab& lab);
void restarts_on_the_same_port(const Lab& lab);
void signals_stop_it_at_any_instant(const Lab& lab);
void failing_accept_is_survived(const Lab& lab);
void idles_in_the_middle_of_a_message(const Lab& lab);

// Of a server in labs 6 and 7, where messages are lines.
void lines_are_cut_out_of_the_stream(const Lab& lab);
void line_too_long_is_dropped(const Lab& lab);

// Of a client.
void every_line_is_sent_and_every_reply_printed(const Lab& lab);
void end_of_input_says_exit(const Lab& lab);
void replies_are_printed_however_cut(const Lab& lab);
void files_come_back_equal(const Lab& lab);
void server_that_is_gone_is_an_error(const Lab& lab);
void prompt_is_shown_on_a_terminal_only(const Lab& lab);
void full_output_is_an_error(const Lab& lab);

// All of it, as subcases of one check.
void server_keeps_it(const Lab& lab);
void client_keeps_it(const Lab& lab);

}  // namespace grade::echo
