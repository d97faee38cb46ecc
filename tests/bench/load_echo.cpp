// Measures an echo: all that is sent ends in a newline, so one by lines will do as well.
//
//   load_echo PORT MILLISECONDS round-trips
//   load_echo PORT MILLISECONDS stream         lines of 1,024 bytes, without waiting
//   load_echo PORT MILLISECONDS long-lines     a stream of lines of 64,000 bytes
//   load_echo PORT MILLISECONDS connections    a connection, a round trip of 16 bytes, a close

#include "load.hpp"

namespace {

std::string line_of(std::size_t size) {
  return std::string(size - 1, 'x') + "\n";
}

void ask(const std::string& port, std::chrono::milliseconds time) {
  Socket socket = connect_to(port);
  for (const std::size_t size : {16U, 1000U, 1500U, 4000U}) {
    report_round_trips(socket, "round trip " + std::to_string(size), line_of(size), time);
  }
}

void send_lines(const std::string& port, std::chrono::milliseconds time) {
  Socket socket = connect_to(port);
  std::string chunk;
  for (int i = 0; i < 16; ++i) chunk += line_of(1024);
  report("bulk", stream(socket, chunk, 2 * time) / 1e6);
}

void send_long_lines(const std::string& port, std::chrono::milliseconds time) {
  Socket socket = connect_to(port);
  report("bulk of long lines", stream(socket, line_of(64'000), 2 * time) / 1e6);
}

void connect_often(const std::string& port, std::chrono::milliseconds time) {
  int connections = 0;
  const auto begin = Clock::now();
  while (Clock::now() < begin + time || connections < 3) {
    Socket socket = connect_to(port);
    round_trips(socket, line_of(16), std::chrono::milliseconds(0));
    ++connections;
  }
  report("connections", connections / Seconds(Clock::now() - begin).count());
}

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    const std::chrono::milliseconds time(std::stoi(arguments.at(1)));
    if (arguments.at(2) == "round-trips") ask(arguments[0], time);
    if (arguments.at(2) == "stream") send_lines(arguments[0], time);
    if (arguments.at(2) == "long-lines") send_long_lines(arguments[0], time);
    if (arguments.at(2) == "connections") connect_often(arguments[0], time);
  });
}
