// What lab 8 puts together: the login, whose lines are the payloads of frames now. The frames
// themselves are in shared_frame.cpp.

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "lab8_framing/accounts.hpp"
#include "lab8_framing/login.hpp"
#include "lab8_framing/password.hpp"
#include "lab8_framing/sessions.hpp"
#include "scratch_folder.hpp"
#include "shared/framed_socket.hpp"
#include "waiting.hpp"

using Lines = std::vector<std::string>;
using Next = Login::Next;

namespace {

std::string frames_of(const Lines& messages) {
  std::string bytes;
  for (const std::string& message : messages) bytes += encode_frame(message);
  return bytes;
}

struct House {
  House() {
    const Secret password(std::string("password"));
    accounts.users.put("Anna", hash_password(password, "salt", 1));
  }

  ScratchFolder folder;
  Accounts accounts;
};

// A server's side of a login, fed with the bytes of frames.
class Conversation {
 public:
  explicit Conversation(Accounts& accounts) : login_(accounts) { take(login_.begin()); }

  void arrives(std::string_view bytes) {
    decoder_.append(as_bytes(bytes));
    while (next_ == Next::kAnswer) {
      auto message = decoder_.next();
      if (!message) return;
      take(login_.answer(std::move(*message)));
      if (next_ == Next::kHash) take(login_.hashed(run(login_.take_job())));
    }
  }

  // What has been said, without the token, which is another one every time.
  const Lines& said() const { return said_; }
  Next next() const { return next_; }

 private:
  void take(const Login::Step& step) {
    next_ = step.next;
    for (const std::string& line : step.lines) {
      said_.push_back(line.starts_with("TOKEN ") ? "TOKEN" : line);
    }
  }

  FrameDecoder decoder_;
  Login login_;
  Lines said_;
  Next next_ = Next::kAnswer;
};

// The whole of a login over a socket, as the server has it.
Next log_in(FramedSocket& client, Accounts& accounts) {
  Login login(accounts);
  Login::Step step = login.begin();
  while (true) {
    for (const std::string& line : step.lines) client.send_message(line);
    if (step.next == Next::kIn || step.next == Next::kClose) return step.next;
    if (step.next == Next::kHash) {
      step = login.hashed(run(login.take_job()));
    } else {
      auto answer = client.receive_message();
      if (!answer) return Next::kClose;
      step = login.answer(std::move(*answer));
    }
  }
}

}  // namespace

TEST_CASE_FIXTURE(House, "a login does not depend on how its frames are cut") {
  const Secret token = accounts.sessions.open("Anna", Sessions::Clock::now());
  const std::string bytes = frames_of({std::string(token.text())});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    Conversation conversation(accounts);
    conversation.arrives(std::string_view(bytes).substr(0, cut));
    CHECK(conversation.next() == (cut < bytes.size() ? Next::kAnswer : Next::kIn));
    conversation.arrives(std::string_view(bytes).substr(cut));
    CHECK(conversation.next() == Next::kIn);
    CHECK(conversation.said() == Lines{"ASK token Have you a session?", "OK Welcome back, Anna!"});
  }
}

TEST_CASE_FIXTURE(House, "all answers may come in one piece, or byte by byte") {
  const std::string bytes = frames_of({"no token", "", "  Anna ", "passwords", "password"});
  const Lines expected = {"ASK token Have you a session?",
                          "ERR That session has ended.",
                          "ASK name What is your name?",
                          "ERR A name has 1 to 32 characters.",
                          "ASK name What is your name?",
                          "ASK password What is your password?",
                          "ERR That is not the password.",
                          "ASK password What is your password?",
                          "TOKEN",
                          "OK Hello, Anna!"};
  for (const std::size_t size : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    CAPTURE(size);
    Conversation conversation(accounts);
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      conversation.arrives(std::string_view(bytes).substr(at, size));
    }
    CHECK(conversation.next() == Next::kIn);
    CHECK(conversation.said() == expected);
  }
}

TEST_CASE_FIXTURE(House, "an answer with a newline in it is one answer") {
  Conversation conversation(accounts);
  conversation.arrives(frames_of({"", "Anna\npassword\n"}));
  CHECK(conversation.said().back() == "ASK name What is your name?");
  conversation.arrives(frames_of({"Anna\r"}));
  CHECK(conversation.said().back() == "ASK name What is your name?");
  conversation.arrives(frames_of({"Anna"}));
  CHECK(conversation.said().back() == "ASK password What is your password?");
}

TEST_CASE("a frame that comes in pieces leaves nothing in the memory that it has grown out of") {
  const std::string password = "1234secret" + std::string(100, 'x');
  const std::string bytes = encode_frame(password);
  FrameDecoder decoder;
  const auto holds = [&decoder](std::string_view text) {
    return as_text(std::as_bytes(std::span(&decoder, 1))).find(text) != std::string_view::npos;
  };
  decoder.append(as_bytes(std::string_view(bytes).substr(0, 14)));  // held in the decoder itself
  CHECK(holds("secret"));
  decoder.append(as_bytes(std::string_view(bytes).substr(14)));  // too long to be held there
  CHECK_FALSE(holds("secret"));
  CHECK(decoder.next() == password);
}

TEST_CASE_FIXTURE(House, "a login over a connection") {
  Connection connection = tcp_connection();
  Next outcome = Next::kAnswer;
  Worker server([&] {
    FramedSocket client(std::move(connection.theirs));
    outcome = log_in(client, accounts);
  });
  FramedSocket client(std::move(connection.ours));
  const auto asks = [&](std::string_view question, std::string_view answer) {
    CHECK(client.receive_message() == question);
    client.send_message(answer);
  };
  SUBCASE("gets in by its password") {
    asks("ASK token Have you a session?", "");
    asks("ASK name What is your name?", "Anna");
    asks("ASK password What is your password?", "password");
    const auto token = client.receive_message();
    REQUIRE(token);
    CHECK(token->starts_with("TOKEN "));
    CHECK(client.receive_message() == "OK Hello, Anna!");
    server.finish();
    CHECK(outcome == Next::kIn);
    const Secret secret(token->substr(6));
    CHECK(accounts.sessions.find(secret, Sessions::Clock::now()) == "Anna");
  }
  SUBCASE("is over when the client leaves at a question") {
    asks("ASK token Have you a session?", "");
    CHECK(client.receive_message() == "ASK name What is your name?");
    finish_sending(client);
    server.finish();
    CHECK(outcome == Next::kClose);
  }
  SUBCASE("is over when the client leaves in the middle of an answer") {
    client.send_all(as_bytes(encode_frame("token").substr(0, 6)));
    finish_sending(client);
    CHECK_THROWS_AS(server.finish(), ProtocolError);
  }
}
