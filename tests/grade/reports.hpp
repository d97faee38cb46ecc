// What other programs read: the results in their formats. Each is made from the whole results, of
// which some may still be waiting.

#pragma once

#include <string>

#include "options.hpp"
#include "result.hpp"

namespace grade::reports {

std::string gradescope(const Results& results);   // results.json
std::string classroom50(const Results& results);  // result.json, schema classroom50/result/v1
std::string junit(const Results& results);        // a test case for each check
std::string csv(const Results& results);          // a row for each check
std::string autolab(const Results& results);      // one line of JSON
std::string vpl(const Results& results);          // comments and the grade, for standard output

// All that are wanted, each replaced whole.
void write_files(const Results& results, const Reports& wanted);
void write_to_stdout(const Results& results, const Reports& wanted);

// The reasons of a check as plain text.
std::string plain_text(const CheckResult& check);

// What the compiler said of what could not be built; empty if all could be.
std::string build_words(const Results& results);

}  // namespace grade::reports
