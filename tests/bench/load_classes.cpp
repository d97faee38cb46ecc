// Measures two classes alone: how fast messages are cut out of what arrives, with no server around
// it, so no log and no answers. Nothing waits here, so what counts is the time of the processor.
//
//   load_classes MILLISECONDS

#include <array>
#include <bit>
#include <ctime>
#include <span>
#include <stdexcept>

#include "lab2_persistent/line_decoder.hpp"
#include "load.hpp"
#include "shared/framed_socket.hpp"
#include "shared/utf8.hpp"

namespace {

void read_ahead(FramedSocket& socket) {
  if (!socket.receive_message()) throw ProtocolError("closed");
}

// The slow way: a recv() for the header, and one for the payload.
void by_two_recvs(FramedSocket& socket) {
  std::array<std::byte, kFrameHeader> header{};
  if (!socket.receive_exactly(header)) throw ProtocolError("closed");
  std::string payload(ntohl(std::bit_cast<std::uint32_t>(header)), '\0');
  const bool whole = socket.receive_exactly(std::as_writable_bytes(std::span(payload)));
  if (!whole || !is_utf8(payload)) throw ProtocolError("no message");
}

double seconds_of_processor() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// Messages of 16 bytes a second. They are put into the socket in one piece, which is not counted.
double frames(double seconds, void (*receive)(FramedSocket&)) {
  std::array<int, 2> ends{};
  check("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
  Socket sender(ends[0]);
  FramedSocket receiver{Socket(ends[1])};
  std::string chunk;
  for (int i = 0; i < 1000; ++i) chunk += encode_frame(std::string(16, 'x'));

  double count = 0;
  double taken = 0;
  while (taken < seconds) {
    sender.send_all(as_bytes(chunk));
    const double begin = seconds_of_processor();
    for (int i = 0; i < 1000; ++i) receive(receiver);
    taken += seconds_of_processor() - begin;
    count += 1000;
  }
  return count / taken;
}

// Lines of `size` bytes, which arrive in portions of 1,024, in MB/s.
double lines(double seconds, std::size_t size) {
  constexpr std::size_t kMegabyte = 1024 * 1024;
  constexpr std::size_t kPortion = 1024;
  std::string text;
  while (text.size() < kMegabyte) text += std::string(size - 1, 'x') + "\n";
  LineDecoder decoder;
  double bytes = 0;
  double taken = 0;
  for (const double begin = seconds_of_processor(); taken < seconds;
       taken = seconds_of_processor() - begin) {
    for (std::size_t arrived = 0; arrived < text.size(); arrived += kPortion) {
      decoder.append(as_bytes(std::string_view(text).substr(arrived, kPortion)));
      while (const auto line = decoder.next()) bytes += static_cast<double>(line->size() + 1);
    }
  }
  return bytes / taken / 1e6;
}

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    const double seconds = std::stoi(arguments.at(0)) / 1000.0;
    report("frames, read ahead", frames(seconds, read_ahead));
    report("frames, two recv each", frames(seconds, by_two_recvs));
    report("lines of 1 KB", lines(seconds, 1024));
    report("lines of 1 MB", lines(seconds, 1024 * 1024));
  });
}
