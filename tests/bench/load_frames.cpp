// Measures an echo of frames.
//
//   load_frames PORT MILLISECONDS round-trips|stream [NAME PASSWORD, to log in first]

#include "load.hpp"
#include "log_in.hpp"
#include "shared/framed_socket.hpp"

namespace {

void ask(FramedSocket& socket, std::chrono::milliseconds time) {
  for (const std::size_t size : {16U, 1500U}) {
    const std::string frame = encode_frame(std::string(size, 'x'));
    report_round_trips(socket, "round trip " + std::to_string(size), frame, time);
  }
}

void send_frames(FramedSocket& socket, std::chrono::milliseconds time) {
  const std::string frame = encode_frame(std::string(16, 'x'));
  std::string chunk;
  for (int i = 0; i < 1000; ++i) chunk += frame;
  report("frames", stream(socket, chunk, 2 * time) / static_cast<double>(frame.size()));
}

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    const std::chrono::milliseconds time(std::stoi(arguments.at(1)));
    FramedSocket socket(connect_to(arguments.at(0)));
    if (arguments.size() > 4) log_in(socket, arguments.at(3), arguments.at(4));
    if (arguments.at(2) == "round-trips") ask(socket, time);
    if (arguments.at(2) == "stream") send_frames(socket, time);
  });
}
