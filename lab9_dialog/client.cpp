// Lab 9, the client: it logs in, then waits for the keyboard and for the server at once.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "address.hpp"
#include "arguments.hpp"
#include "console.hpp"
#include "input_lines.hpp"
#include "polled_socket.hpp"
#include "prompt.hpp"
#include "say.hpp"
#include "secret.hpp"
#include "server_line.hpp"
#include "shared/socket.hpp"
#include "shared/utf8.hpp"
#include "standard_streams.hpp"
#include "terminal_mode.hpp"
#include "token_file.hpp"

const std::string_view kProgram = "client";

namespace {

constexpr std::string_view kUsage =
    "usage: client [HOST [PORT]]\n"
    "Logs in to a server, then sends it each line of standard input and prints what\n"
    "the server says, until the line exit or logout or the end of the input.\n"
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

// Waits until one of them has something to tell. False if none has for so many milliseconds; -1
// is for ever.
bool wait(std::span<pollfd> polled, int timeout = -1) {
  while (true) {
    const int ready = ::poll(polled.data(), polled.size(), timeout);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw_system_error(errno, "poll");
  }
}

short events_of(const PolledSocket& server) {
  return static_cast<short>(POLLIN | (server.unsent() > 0 ? POLLOUT : 0));
}

// As long as the server asks, there is nothing else to wait for.
std::optional<std::string> receive_message(PolledSocket& server) {
  auto message = server.take_message();
  while (!message && !server.ended()) {
    pollfd polled{server.fd(), events_of(server), 0};
    wait({&polled, 1});
    server.transfer(polled.revents);
    message = server.take_message();
  }
  if (message) say("receive", bytes(message->size()));
  return message;
}

// Asks the user, without showing the answer if it is a password, and sends it.
void answer(PolledSocket& server, InputLines& input, std::string_view what,
            std::string_view question) {
  std::optional<TerminalMode> hidden;
  if (what.ends_with("password")) hidden.emplace(ECHO, ECHONL);  // nothing but the newline is shown
  tell(printable(question) + " ");
  auto line = input.next();
  if (!line) throw std::runtime_error("read standard input: it ended at a question");
  server.send_message(*line);
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
void identify(PolledSocket& server, InputLines& input) {
  bool token_sent = false;
  while (true) {
    auto message = receive_message(server);
    if (!message) throw std::runtime_error("recv: the server closed before it said OK");
    const auto [word, what, text] = parse_server_line(*message);
    if (word == "ASK" && what == "token") {
      const Secret token = read_token();
      server.send_message(token.text());
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

// What is said once the user is in. Every message gets one answer, and others may come unasked.
class Talk {
 public:
  Talk(PolledSocket& server, InputLines& input) : server_(server), console_(input) {}

  // Returns when this side has ended it. Throws if the server has, or if a line was no message.
  void run() {
    console_.begin("> ");
    while (true) {
      take_messages();
      take_lines();
      if (server_.ended() && leaving_) return;
      if (server_.ended()) throw std::runtime_error("recv: the server closed the connection");
      std::array<pollfd, 2> polled = {
          {{server_.fd(), events_of(server_), 0}, {reads_lines() ? STDIN_FILENO : -1, POLLIN, 0}}};
      // What was on its way when we said "exit" still comes, until the server closes; one that does
      // not close need not be waited for.
      if (!wait(polled, leaving_ && server_.unsent() == 0 ? kPatience : -1)) return;
      if (polled[0].revents != 0) {
        console_.above_the_line([&] { server_.transfer(polled[0].revents); });
      }
      if (polled[1].revents != 0) console_.read();
    }
  }

 private:
  static constexpr int kPatience = 1000;  // ms

  // The input is taken as fast as the server takes it, and no faster.
  bool takes_lines() const {
    return !leaving_ && !logging_out_ && !refusal_ && server_.unsent() == 0;
  }
  bool reads_lines() const { return takes_lines() && !console_.ended(); }

  void take_lines() {
    while (takes_lines()) {
      const auto line = console_.next();
      if (!line) break;
      console_.above_the_line([&] { send(*line); });
    }
    if (!leaving_ && !logging_out_ && server_.unsent() == 0 && owed_ == 0) leave_if_all_is_said();
  }

  void send(const std::string& line) {
    try {
      server_.send_message(line);
    } catch (const std::invalid_argument& mistake) {
      refusal_ = mistake.what();  // what was said before it is still to be answered
      return;
    }
    leaving_ = line == "exit";
    logging_out_ = line == "logout";
    if (!leaving_ && !logging_out_) ++owed_;
  }

  // All that has been said is answered.
  void leave_if_all_is_said() {
    if (refusal_) throw std::invalid_argument(*refusal_);
    if (console_.ended()) console_.above_the_line([this] { send("exit"); });
  }

  void take_messages() {
    while (auto message = server_.take_message()) {
      console_.above_the_line([&] { take_message(std::move(*message)); });
    }
    if (logging_out_ && server_.ended()) finish_logout();
  }

  void take_message(std::string message) {
    say("receive", bytes(message.size()));
    if (owed_ > 0) --owed_;
    if (held_back_) show(*std::exchange(held_back_, std::nullopt));
    if (logging_out_) {
      held_back_ = std::move(message);
    } else {
      show(message);
    }
  }

  static void show(const std::string& message) {
    write_output(as_bytes((::isatty(STDOUT_FILENO) ? printable(message) : message) + "\n"));
  }

  // The last message before the server closed is its reply to "logout", and is for the user.
  void finish_logout() {
    const std::string reply = held_back_.value_or("");
    const ServerLine line = parse_server_line(reply);
    console_.above_the_line([&line] { tell(printable(line.text) + "\n"); });
    if (line.word != "OK") throw std::runtime_error("logout: the server has not ended the session");
    forget_token();
    leaving_ = true;
  }

  PolledSocket& server_;
  Console console_;
  std::size_t owed_ = 0;  // messages that have no answer yet
  bool leaving_ = false;
  bool logging_out_ = false;
  std::optional<std::string> refusal_;    // why a line could not be sent
  std::optional<std::string> held_back_;  // the last message, while logging out
};

void converse(Socket connected, InputLines& input) {
  try {
    PolledSocket server(std::move(connected), [](std::size_t count) { say("send", bytes(count)); });
    identify(server, input);
    Talk(server, input).run();
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
