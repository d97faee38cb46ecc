// What is asked of the programs of every lab: the checks that are the same for all of them, as
// functions. Each lab's own file says which of them hold there.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "outcome.hpp"
#include "subject.hpp"
#include "submission.hpp"

namespace grade::common {

inline constexpr std::size_t kPortion = 1024;     // bytes that one recv() takes at most
inline constexpr std::size_t kMuch = 20'000'000;  // bytes: more than all buffers on the way hold

// 1023 bytes of one and a character of two, whose halves come in different portions, and more.
std::string character_across_the_border();

// The sizes in the messages of an event add up to `total`, and none is 0 or more than `most`.
Outcome sizes_add_up(Subject& program, std::string_view event, std::size_t total,
                     std::size_t most = kPortion);

// Of both programs.
// `file` is where strace tells of the program: see trace.hpp.
void each_message_is_one_write(Subject& program, const std::string& file);
void usage_is_told(const Lab& lab, const std::string& role);
void bad_arguments_are_refused(const Lab& lab, const std::string& role);
void complaint_stands_before_usage(const Lab& lab, const std::string& role);

// Of a server.
void signals_stop_it_at_any_instant(const Lab& lab);
void signals_stop_it_in_a_transfer(const Lab& lab);
void further_signals_change_nothing(const Lab& lab);
void restarts_on_the_same_port(const Lab& lab);
void busy_port_is_an_error(const Lab& lab, const std::string& busy_address);
void messages_name_the_peer(const Lab& lab);
void peer_is_named_after_its_reset(const Lab& lab);
void peer_is_named_that_left_before_accept(const Lab& lab);
void send_is_said_after_sending(const Lab& lab);
void failing_accept_is_survived(const Lab& lab);
// Of somebody who came while accept() failed. Libraries differ: some leave him in the queue until
// there is a descriptor, others (libuv, and so Node) keep one in reserve and show him out with it.
Outcome is_served_or_let_go(Peer& waiting);
// Of a server whose clients have left: it has no more descriptors open than before they came.
Outcome descriptors_are_closed(Server& server, std::size_t before);

// Of a server that may have children.
Outcome zombies_are_reaped(Server& server);
void idles_when_there_is_nothing_to_do(const Lab& lab);

// Of a client.
void refused_connection_is_an_error(const Lab& lab);
void refused_connection_is_an_error(const Lab& lab, const std::string& port);
void unknown_host_is_an_error(const Lab& lab);
void writes_to_its_end(Client& client, const std::string& path);  // waits, as long as that grows
void full_output_is_an_error(const Lab& lab);
void interrupted_client_ends_by_the_signal(const Lab& lab);

}  // namespace grade::common
