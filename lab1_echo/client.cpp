// Lab 1, the client: the other side of the connection.
//
//   socket -> connect -> send, recv, send, recv, ... -> close
//
// It sends one line of its standard input, and prints what comes back.

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "say.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::string_view kDefaultHost = "127.0.0.1";
constexpr std::uint16_t kDefaultPort = 9090;
constexpr std::size_t kPortion = 1024;  // bytes sent ahead of their echo, at most

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Sends one line of standard input to a server and prints what comes back.\n"
    "  HOST        an IPv4 address; 127.0.0.1 unless given\n"
    "  PORT        from 1 to 65535; 9090 unless given\n"
    "  -h, --help  shows this\n";

Socket connect_to(const std::string& host, std::uint16_t port) {
  const sockaddr_in address = make_address(host, port);
  const std::string where = to_string(address);
  Socket server(check("socket", ::socket(AF_INET, SOCK_STREAM, 0)));
  check("connect to", ::connect(server.fd(), as_sockaddr(address), sizeof address), where);
  say("connect", where);
  return server;
}

// Sends a portion and prints its echo, as it comes: what was sent in one piece may come back in
// several. Waiting for it here keeps a long line from blocking both sides, each in a send() that
// the other does not read.
void exchange(Socket& server, std::span<const std::byte> portion) {
  server.send_all(portion);
  say("send", bytes(portion.size()));

  std::array<std::byte, kPortion> buffer;
  std::size_t missing = portion.size();
  while (missing > 0) {
    const auto received = server.receive_some(std::span(buffer).first(missing));
    if (!received) throw std::runtime_error("recv: the server closed before all had come back");
    say("receive", bytes(received->size()));
    write_output(*received);
    missing -= received->size();
  }
}

// The line goes out in portions, as it is read, so it can be of any length.
void send_line(Socket& server) {
  constexpr std::byte kNewline{'\n'};
  std::array<std::byte, kPortion> buffer;
  bool begun = false;
  while (const auto input = read_input(buffer)) {
    const auto newline = std::ranges::find(*input, kNewline);
    if (newline != input->end()) return exchange(server, {input->begin(), newline + 1});
    exchange(server, *input);
    begun = true;
  }
  if (begun) exchange(server, {&kNewline, 1});  // the input ended without one
}

void converse(Socket connected) {
  try {
    Socket server(std::move(connected));  // closed at the end of this block
    send_line(server);
  } catch (const std::exception&) {
    say("disconnect", "the conversation was cut short");
    throw;
  }
  say("disconnect", "closed by this client");
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    prepare_standard_streams();
    const Arguments arguments = parse_arguments(argc, argv, kUsage, /*takes_host=*/true);
    converse(connect_to(arguments.host.value_or(std::string(kDefaultHost)),
                        arguments.port.value_or(kDefaultPort)));
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  return EXIT_SUCCESS;
}
