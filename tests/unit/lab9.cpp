// What lab 9 adds: sockets that do not wait, the second thread, the messages that wait for an
// answer, and the line that is being typed.

#include <doctest/doctest.h>
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "lab9_dialog/columns.hpp"
#include "lab9_dialog/hasher.hpp"
#include "lab9_dialog/line_editor.hpp"
#include "lab9_dialog/polled_socket.hpp"
#include "lab9_dialog/waiting_messages.hpp"

namespace {

void wait_for(int descriptor, short events) {
  pollfd polled{descriptor, events, 0};
  REQUIRE(::poll(&polled, 1, 20'000) == 1);
}

// A PolledSocket at one end of a connection, and what it has told of its sending.
struct Polled : Connection {
  Polled() : Connection(local_connection()) {}

  std::vector<std::size_t> sent;
  PolledSocket socket{std::move(ours), [this](std::size_t size) {
                        sent.push_back(size);
                      }};

  std::optional<std::string> next() {
    while (true) {
      if (auto message = socket.take_message()) return message;
      if (socket.ended()) return std::nullopt;
      wait_for(socket.fd(), POLLIN);
      socket.receive();
    }
  }
};

HashJob quick_job(std::string password) {
  return {Secret(std::move(password)), "salt", 1};
}

std::vector<Hasher::Result> results_of(Hasher& hasher) {
  wait_for(hasher.fd(), POLLIN);
  return hasher.take_results();
}

}  // namespace

TEST_SUITE("PolledSocket") {
  TEST_CASE_FIXTURE(Polled, "receive() does not wait when there is nothing") {
    socket.receive();
    CHECK(!socket.take_message().has_value());
    CHECK(!socket.ended());
  }

  TEST_CASE_FIXTURE(Polled, "gives out the messages of frames however they are cut") {
    const std::string bytes = encode_frame("one") + encode_frame("") + encode_frame("три");
    for (const char byte : bytes) theirs.send_all(as_bytes({&byte, 1}));
    CHECK(next() == "one");
    CHECK(next() == "");
    CHECK(next() == "три");
    close(std::move(theirs));
    CHECK(next() == std::nullopt);
    CHECK(socket.ended());
  }

  TEST_CASE_FIXTURE(Polled, "a close in the middle of a frame breaks the protocol") {
    theirs.send_all(as_bytes(encode_frame("hello").substr(0, 6)));
    close(std::move(theirs));
    CHECK_THROWS_AS(next(), ProtocolError);
  }

  TEST_CASE_FIXTURE(Polled, "what was received before the close may still be taken") {
    theirs.send_all(as_bytes(encode_frame("hello")));
    close(std::move(theirs));
    socket.receive();
    socket.receive();
    CHECK(socket.ended());
    CHECK(socket.take_message() == "hello");
  }

  TEST_CASE_FIXTURE(Polled,
                    "sends at once what there is room for, and the rest when it is flushed") {
    set_buffer(socket, SO_SNDBUF, 4096);
    const std::string large = bytes_in_order(300'000);
    std::string text;  // UTF-8
    for (const char byte : large) text.push_back(static_cast<char>(byte & 0x7F));
    socket.send_message("small");
    CHECK(sent == std::vector<std::size_t>{5});
    socket.send_message(text);
    socket.send_message("last");
    CHECK(sent.size() == 1);  // no frame more has gone out whole
    CHECK(socket.unsent() > 200'000);

    FrameDecoder decoder;
    std::vector<std::string> received;
    std::array<std::byte, 16 * 1024> buffer;
    while (received.size() < 3) {
      decoder.append(theirs.receive_some(buffer).value());
      while (auto message = decoder.next()) received.push_back(*message);
      socket.flush();
    }
    CHECK(received == std::vector<std::string>{"small", text, "last"});
    CHECK(sent == std::vector<std::size_t>{5, text.size(), 4});
    CHECK(socket.unsent() == 0);
  }

  TEST_CASE_FIXTURE(Polled, "a peer that is gone is an error of send_message()") {
    close(std::move(theirs));
    CHECK(error_of([&] { socket.send_message("hello"); }) == EPIPE);
  }

  TEST_CASE("a reset is an error of receive()") {
    Connection connection = tcp_connection();
    PolledSocket socket(std::move(connection.ours), [](std::size_t) {});
    reset(std::move(connection.theirs));
    wait_for(socket.fd(), POLLIN);
    CHECK(error_of([&] { socket.receive(); }) == ECONNRESET);
  }

  TEST_CASE_FIXTURE(Polled, "a message that is none is refused, and nothing of it is sent") {
    CHECK_THROWS_AS(socket.send_message("\xff"), std::invalid_argument);
    CHECK_THROWS_AS(socket.send_message(std::string(kMaxPayload + 1, 'x')), std::invalid_argument);
    CHECK(socket.unsent() == 0);
    CHECK(sent.empty());
  }
}

TEST_SUITE("Hasher") {
  TEST_CASE("hashes in the order of submission, and tells through its pipe") {
    Hasher hasher;
    for (std::uint64_t client = 1; client <= 100; ++client) {
      hasher.submit(client, quick_job("password " + std::to_string(client)));
    }
    std::vector<Hasher::Result> results;
    while (results.size() < 100) {
      for (Hasher::Result& result : results_of(hasher)) results.push_back(std::move(result));
    }
    for (std::uint64_t client = 1; client <= 100; ++client) {
      const Hasher::Result& result = results[client - 1];
      CHECK(result.client == client);
      CHECK(result.record == run(quick_job("password " + std::to_string(client))));
    }
  }

  TEST_CASE("the pipe is quiet when all results are taken") {
    Hasher hasher;
    hasher.submit(7, quick_job("password"));
    CHECK(results_of(hasher).size() == 1);
    pollfd polled{hasher.fd(), POLLIN, 0};
    CHECK(::poll(&polled, 1, 0) == 0);
    CHECK(hasher.take_results().empty());
  }

  TEST_CASE("does not begin what was forgotten") {
    Hasher hasher;
    hasher.submit(1, HashJob{Secret("a slow one"), "salt", kRounds});
    for (std::uint64_t client = 2; client <= 1000; ++client) {
      hasher.submit(client, HashJob{Secret("slow, too"), "salt", kRounds});
    }
    for (std::uint64_t client = 2; client <= 1000; ++client) hasher.forget(client);
    hasher.submit(1001, quick_job("the last"));
    std::vector<std::uint64_t> clients;
    while (clients.empty() || clients.back() != 1001) {
      for (const Hasher::Result& result : results_of(hasher)) clients.push_back(result.client);
    }
    CHECK(clients.size() <=
          3);  // the first, and one that may have been begun before it was forgotten
  }

  TEST_CASE("ends with jobs left") {
    Hasher hasher;
    for (std::uint64_t client = 0; client < 1000; ++client) {
      hasher.submit(client, HashJob{Secret("slow"), "salt", kRounds});
    }
    CHECK(hasher.fd() >= 0);
  }
}

TEST_SUITE("WaitingMessages") {
  TEST_CASE("gives out the oldest first, of all or of some") {
    WaitingMessages messages;
    CHECK(!messages.take_oldest().has_value());
    messages.add(1, "a");
    messages.add(2, "b");
    messages.add(1, "c");
    messages.add(3, "d");
    const auto odd = [](std::uint64_t client) {
      return client != 1;
    };
    CHECK(messages.take_oldest(odd)->text == "b");
    CHECK(messages.take_oldest()->text == "a");
    CHECK(messages.take_oldest(odd)->text == "d");
    CHECK(!messages.take_oldest(odd).has_value());
    CHECK(messages.take_oldest()->text == "c");
    CHECK(!messages.take_oldest().has_value());
  }

  TEST_CASE("forgets a client with all its messages") {
    WaitingMessages messages;
    for (int i = 0; i < 10; ++i) {
      messages.add(1, "leaves");
      messages.add(2, "stays");
    }
    messages.forget(1);
    messages.forget(7);
    CHECK(messages.bytes_of(1) == 0);
    for (int i = 0; i < 10; ++i) CHECK(messages.take_oldest()->client == 2);
    CHECK(!messages.take_oldest().has_value());
  }

  TEST_CASE("counts what a client's messages take, empty ones too") {
    WaitingMessages messages;
    messages.add(1, "");
    const std::size_t empty = messages.bytes_of(1);
    CHECK(empty > 0);
    messages.add(1, std::string(1000, 'x'));
    messages.add(2, "another's");
    CHECK(messages.bytes_of(1) == 2 * empty + 1000);
    messages.take_oldest();
    CHECK(messages.bytes_of(1) == empty + 1000);
    messages.take_oldest();
    CHECK(messages.bytes_of(1) == 0);
  }
}

TEST_SUITE("LineEditor") {
  std::vector<std::string> typed(LineEditor & editor, std::string_view keys) {
    editor.type(keys, 80);
    std::vector<std::string> lines;
    while (auto line = editor.next()) lines.push_back(*line);
    return lines;
  }

  TEST_CASE("gives out a line when it is typed to its end") {
    LineEditor editor("> ");
    CHECK(typed(editor, "hel").empty());
    CHECK(typed(editor, "lo\n") == std::vector<std::string>{"hello"});
    CHECK(typed(editor, "a\r\rb\nc") == std::vector<std::string>{"a", "", "b"});
    CHECK(typed(editor, "\n") == std::vector<std::string>{"c"});
  }

  TEST_CASE("backspace takes a character away, whatever its bytes are") {
    LineEditor editor("> ");
    CHECK(typed(editor, "aж\x7f\n") == std::vector<std::string>{"a"});
    CHECK(typed(editor, "a😀\b\b\b\bb\n") == std::vector<std::string>{"b"});
    CHECK(typed(editor, "one two  \x17three\n") == std::vector<std::string>{"one three"});
    CHECK(typed(editor, "all of it\x15no\n") == std::vector<std::string>{"no"});
  }

  TEST_CASE("arrows and other keys that are no text are passed over") {
    LineEditor editor("> ");
    CHECK(typed(editor,
                "a\x1b[Ab\x1bOPc\x1b[3~d\x1b"
                "xe\x01\n") == std::vector<std::string>{"abcde"});
    CHECK(typed(editor, "f\x1b").empty());
    CHECK(typed(editor, "[").empty());
    CHECK(typed(editor, "Ag\n") == std::vector<std::string>{"fg"});
  }

  TEST_CASE("Ctrl-D ends the input on an empty line alone") {
    LineEditor editor("> ");
    editor.type("a\x04", 80);
    CHECK(!editor.ended());
    editor.type("\x7f\x04", 80);
    CHECK(editor.ended());
  }

  TEST_CASE("the row shows prompt and line, of a long one the end, and no control character") {
    LineEditor editor("> ");
    editor.type("abc", 80);
    CHECK(editor.row(80).ends_with("> abc"));
    editor.type("\xc2\x9b", 80);
    CHECK(editor.row(80).ends_with("> abc\\xc2\\x9b"));
    editor.type("\x15" + std::string(100, 'x') + "end", 80);
    CHECK(editor.row(40).ends_with("xend"));
    CHECK(columns_of(editor.row(40).substr(LineEditor::kEmptyRow.size())) < 40);
  }
}
