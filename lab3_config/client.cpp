// The client: it asks for host and port, and tries every address that the host has.

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
#include <system_error>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "input_lines.hpp"
#include "line_socket.hpp"
#include "prompt.hpp"
#include "say.hpp"
#include "shared/socket.hpp"
#include "standard_streams.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::size_t kMaxReply = 64 * 1024 * 1024;  // bytes of one line

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Sends each line of standard input to a server and prints each reply,\n"
    "until the line exit or the end of the input.\n"
    "  HOST        an address or a name; asked for unless given\n"
    "  PORT        from 1 to 65535; asked for unless given\n"
    "  -h, --help  shows this\n";

Socket connect_to(const addrinfo& address) {
  const std::string where = to_string(address.ai_addr, address.ai_addrlen);
  Socket server(check("socket", ::socket(address.ai_family, address.ai_socktype, 0)));
  check("connect to", ::connect(server.fd(), address.ai_addr, address.ai_addrlen), where);
  say("connect", where);
  return server;
}

// A name may have several addresses, and the server need not listen on each of them.
Socket connect_to(const std::string& host, std::uint16_t port) {
  const AddressList addresses = resolve(host, port);
  for (const addrinfo* address = addresses.get();; address = address->ai_next) {
    try {
      return connect_to(*address);
    } catch (const std::system_error&) {
      if (address->ai_next == nullptr) throw;
    }
  }
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
    const std::string host = arguments.host ? *arguments.host : ask_host(input);
    if (arguments.host && !arguments.port) resolve(host, 0);  // or the port is asked in vain
    const std::uint16_t port = arguments.port ? *arguments.port : ask_port(input);
    converse(connect_to(host, port), input);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  return EXIT_SUCCESS;
}
