#include "questions.hpp"

#include <algorithm>
#include <chrono>

#include "check.hpp"
#include "loop.hpp"

namespace grade::questions {
namespace {

constexpr std::size_t kLong = 100'000;  // bytes

// What is said of a bad answer, before the question comes again.
Outcome is_one_good_line(const std::string& complaint, const std::vector<std::string>& words) {
  const std::string line = complaint.substr(0, complaint.find('\n'));
  const std::string said = ": \"" + excerpt(complaint, 200) + '"';
  if (line.empty()) return Outcome::fails("nothing is said of a bad answer" + said);
  if (line.size() + 1 != complaint.size()) return Outcome::fails("it is not one line" + said);
  if (has_control_character(line)) return Outcome::fails("a control character is in it" + said);
  for (const std::string& word : words) {
    if (!mentions(line, word)) return Outcome::fails("it does not name " + word + said);
  }
  return Outcome::holds();
}

}  // namespace

// "²" is a digit to isdigit() of Python, and none to int().
std::vector<std::string> bad_ports() {
  return {"abc",
          "0",
          "-5",
          "65536",
          "70000",
          "80x",
          "8 0",
          "+80",
          "0x50",
          "1e3",
          "80.0",
          "9_090",
          "\xff\xfe",
          "\x1b[31m9090",
          "\xc2\x9bK",
          "99999999999999999999",
          "порт",
          "80,81",
          "9090 9091",
          std::string("80\0", 3),
          letters(kLong),
          std::string(kLong, '9'),
          "²",
          "½"};
}

std::vector<std::string> bad_hosts() {
  return {"no such host", "no-such-host.invalid", "256.256.256.256", "1.2.3.4.5",   ":::", "::1::1",
          "\xff\xfe",     "\x1b[31mlocalhost",    "\xc2\x9bK",       letters(kLong)};
}

void each_is_refused(Subject& program, const std::string& question,
                     const std::vector<std::string>& answers,
                     const std::vector<std::string>& words) {
  for (const std::string& answer : answers) {
    program.type(answer + "\n");
    const std::optional<std::string> complaint = program.err().until(question);
    REQUIRE(Outcome::of(complaint.has_value(), "the answer \"" + excerpt(answer, 40) +
                                                   "\" was not refused: a line that says what is "
                                                   "wrong with it was expected, and the question "
                                                   "again"));
    CHECK(is_one_good_line(*complaint, words));
  }
}

void signals_stop_it_at_the_question(const Lab& lab) {
  for (const std::string& input : {kPipe, kTerminal}) {
    for (const std::string half_an_answer : {"", "90"}) {
      for (const int signal : {SIGINT, SIGTERM}) {
        CAPTURE(input);
        CAPTURE(half_an_answer);
        CAPTURE(signal);
        Server server(lab, {.in = input});
        REQUIRE(server.err().until(kPort).has_value());
        server.type(half_an_answer);
        let_pass(std::chrono::microseconds(random_below(2000)));
        REQUIRE(server.stops_on({signal}));
        CHECK(server.events() == "start stop");
      }
    }
  }
  Server server(lab, {.in = kTerminal});
  REQUIRE(server.err().until(kPort).has_value());
  server.type("\x03");  // Ctrl-C
  CHECK(server.exits(0));
  CHECK(server.says("stop", {"SIGINT"}));
}

void asks_for_a_port_until_it_is_one(const Lab& lab, const std::string& input) {
  const std::uint16_t port = free_port();
  Server server(lab, {.in = input});
  REQUIRE(server.err().until(kPort).has_value());
  CHECK(server.says("start", {lab.name}));  // before the question
  std::vector<std::string> answers = bad_ports();
  if (input == kTerminal) {  // which takes 4095 bytes a line, and acts on some characters
    std::erase_if(answers, [](const std::string& answer) { return answer.size() == kLong; });
  }
  each_is_refused(server, kPort, answers, {"1", "65535"});
  server.type(std::to_string(port) + "\n");
  REQUIRE(server.listens_on(port));
  CHECK(server.serves());
}

}  // namespace grade::questions
