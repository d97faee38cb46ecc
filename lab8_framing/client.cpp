// The client: it logs in, then sends message after message, each a line of its input.

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
#include "prompt.hpp"
#include "say.hpp"
#include "secret.hpp"
#include "server_line.hpp"
#include "shared/framed_socket.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"
#include "terminal_mode.hpp"
#include "token_file.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Logs in to a server, then sends it each line of standard input and prints each\n"
    "reply, until the line exit or logout or the end of the input.\n"
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

void send_message(FramedSocket& server, std::string_view message) {
  server.send_message(message);
  say("send", bytes(message.size()));
}

std::optional<std::string> receive_message(FramedSocket& server) {
  auto message = server.receive_message();
  if (message) say("receive", bytes(message->size()));
  return message;
}

// Asks the user, without showing the answer if it is a password, and sends it.
void answer(FramedSocket& server, InputLines& input, std::string_view what,
            std::string_view question) {
  std::optional<TerminalMode> hidden;
  if (what.ends_with("password")) hidden.emplace(ECHO, ECHONL);  // nothing but the newline is shown
  tell(printable(question) + " ");
  auto line = input.next();
  if (!line) throw std::runtime_error("read standard input: it ended at a question");
  send_message(server, *line);
  wipe(*line);
}

// A session that cannot be kept is no reason not to talk.
void keep_token(std::string_view token) {
  if (!is_token(token)) throw ProtocolError("recv: the server sent a TOKEN that is none");
  try {
    write_token(token);
  } catch (const std::system_error& error) {
    say("error", error.what());
  }
}

// One that has ended and cannot be deleted is no reason either: it is worth nothing any more.
void forget_token() {
  try {
    delete_token();
  } catch (const std::system_error& error) {
    say("error", error.what());
  }
}

// Answers whatever the server asks, until it says OK.
void identify(FramedSocket& server, InputLines& input) {
  bool token_sent = false;
  while (true) {
    auto message = receive_message(server);
    if (!message) throw std::runtime_error("recv: the server closed before it said OK");
    const auto [word, what, text] = parse_server_line(*message);
    if (word == "ASK" && what == "token") {
      const Secret token = read_token();
      send_message(server, token.text());
      token_sent = !token.text().empty();
    } else if (word == "ASK") {
      token_sent = false;
      answer(server, input, what, text);
    } else if (word == "TOKEN") {
      keep_token(text);
      wipe(*message);
    } else if (word == "OK" || word == "ERR") {
      tell(printable(text) + "\n");
      if (word == "OK") return;
      if (token_sent) forget_token();  // it was refused
    } else {
      throw ProtocolError("recv: the server said none of ASK, TOKEN, OK and ERR");
    }
  }
}

void print_reply(FramedSocket& server) {
  const auto reply = receive_message(server);
  if (!reply) throw std::runtime_error("recv: the server closed before it replied");
  write_output(as_bytes(*reply + "\n"));
}

// The session ends with the reply, which is for the user.
void finish_logout(FramedSocket& server) {
  const auto reply = receive_message(server);
  if (!reply) throw std::runtime_error("recv: the server closed before it replied");
  const auto [word, what, text] = parse_server_line(*reply);
  tell(printable(text) + "\n");
  if (word != "OK") throw std::runtime_error("logout: the server has not ended the session");
  forget_token();
}

void talk(FramedSocket& server, InputLines& input) {
  while (const auto line = next_line(input)) {
    send_message(server, *line);
    if (*line == "exit") return;
    if (*line == "logout") return finish_logout(server);
    print_reply(server);
  }
  send_message(server, "exit");
}

void converse(Socket connected, InputLines& input) {
  try {
    FramedSocket server(std::move(connected));
    identify(server, input);
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
