// Logs in at labs 7 to 9.

#pragma once

#include <stdexcept>
#include <string>

// Answers the questions until the server says OK, with `token` unless it is empty; the token of
// the session. `Messages` sends and receives them, in lines or in frames.
template <typename Messages>
std::string log_in(Messages& socket, const std::string& name, const std::string& password,
                   std::string token = "") {
  while (const auto message = socket.receive_message()) {
    const std::string word = message->substr(0, message->find(' ', 4));
    if (word == "ASK token") {
      socket.send_message(token);
    } else if (word == "ASK name") {
      socket.send_message(name);
    } else if (word == "ASK password") {
      socket.send_message(password);
    } else if (message->starts_with("TOKEN ")) {
      token = message->substr(6);
    } else if (message->starts_with("OK ")) {
      return token;
    } else {
      throw std::runtime_error("at the login: " + *message);
    }
  }
  throw std::runtime_error("the server closed at the login");
}

// As far as the password, which is sent: what comes of it is not waited for.
template <typename Messages>
void begin_to_log_in(Messages& socket, const std::string& name, const std::string& password) {
  for (const std::string& answer : {std::string(), name, password}) {
    if (!socket.receive_message()) throw std::runtime_error("the server closed at the login");
    socket.send_message(answer);
  }
}
