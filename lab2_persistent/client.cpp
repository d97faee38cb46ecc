// Lab 2, the client: line after line, until "exit" or the end of the input.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "input_lines.hpp"
#include "line_socket.hpp"
#include "say.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::string_view kDefaultHost = "127.0.0.1";
constexpr std::uint16_t kDefaultPort = 9090;
constexpr std::size_t kMaxReply = 64 * 1024 * 1024;  // bytes of one line

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Sends each line of standard input to a server and prints each reply,\n"
    "until the line exit or the end of the input.\n"
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

// A prompt is for a person: in a pipe there is none.
std::optional<std::string> next_line(InputLines& input) {
  if (::isatty(STDIN_FILENO)) tell("> ");
  return input.next();
}

void send_message(LineSocket& server, std::string_view message) {
  server.send_message(message);
  say("send", bytes(message.size() + 1));
}

void print_reply(LineSocket& server) {
  const auto reply = server.receive_message();
  if (reply) write_output(as_bytes(*reply + (server.cut_off() ? "" : "\n")));
  if (!reply || server.cut_off()) {
    throw std::runtime_error("recv: the server closed before the whole reply was here");
  }
}

void talk(LineSocket& server, InputLines& input) {
  while (const auto line = next_line(input)) {
    send_message(server, *line);
    if (without_carriage_return(*line) == "exit") return;
    print_reply(server);
  }
  send_message(server, "exit");
}

void converse(Socket connected, InputLines& input) {
  try {
    LineSocket server(std::move(connected), kMaxReply,
                      [](std::size_t count) { say("receive", bytes(count)); });
    talk(server, input);
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
    InputLines input;
    converse(connect_to(arguments.host.value_or(std::string(kDefaultHost)),
                        arguments.port.value_or(kDefaultPort)),
             input);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  return EXIT_SUCCESS;
}
