// The questions that programs ask from lab 3 on, for what the command line did not give.

#pragma once

#include <string>
#include <vector>

#include "subject.hpp"

namespace grade::questions {

inline const std::string kPort = "Port [9090]: ";
inline const std::string kHost = "Host [127.0.0.1]: ";

// Answers that are no port, and no host.
std::vector<std::string> bad_ports();
std::vector<std::string> bad_hosts();

// Types each of `answers` at `question`. Every time there has to be one line that says what is
// wrong, with `words` in it, and the question again. The program is at the question before and
// after.
void each_is_refused(Subject& program, const std::string& question,
                     const std::vector<std::string>& answers,
                     const std::vector<std::string>& words);

// Of a server at its question, with standard input a pipe or a terminal.
void signals_stop_it_at_the_question(const Lab& lab);

// Of a server.
void asks_for_a_port_until_it_is_one(const Lab& lab, const std::string& input);

}  // namespace grade::questions
