// Measures one who talks while others log in. Their passwords are sent before it begins.
//
//   load_talk PORT MILLISECONDS LOGINS NAME PASSWORD    at lab 9; the others are NAME1, NAME2, ...
//   load_talk PORT MILLISECONDS LOGINS                  a message "password" is what has to be
//                                                       hashed

#include <memory>

#include "load.hpp"
#include "log_in.hpp"
#include "shared/framed_socket.hpp"

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    const std::string& port = arguments.at(0);
    const bool lab9 = arguments.size() == 5;
    FramedSocket talker(connect_to(port));
    if (lab9) log_in(talker, arguments[3], arguments[4]);

    std::vector<std::unique_ptr<FramedSocket>> others;
    for (int i = 1; i <= std::stoi(arguments.at(2)); ++i) {
      others.push_back(std::make_unique<FramedSocket>(connect_to(port)));
      if (lab9) begin_to_log_in(*others.back(), arguments[3] + std::to_string(i), arguments[4]);
    }
    if (!lab9) {
      for (auto& other : others) other->send_message("password");
    }

    const std::chrono::milliseconds time(std::stoi(arguments.at(1)));
    std::vector<double> taken = round_trips(talker, encode_frame("how are you, all?"), time);
    report("talk p50", quantile(taken, 0.5));
    report("talk p99", quantile(taken, 0.99));
    report("talk longest", quantile(taken, 1));
  });
}
