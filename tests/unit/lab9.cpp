// What lab 9 adds: sockets that do not wait, one client's conversation on such a socket, the
// threads that hash and that write to the console, the messages that wait for an answer, and the
// line that is being typed.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "descriptors.hpp"
#include "lab9_dialog/columns.hpp"
#include "lab9_dialog/console_output.hpp"
#include "lab9_dialog/conversation.hpp"
#include "lab9_dialog/dialog.hpp"
#include "lab9_dialog/hasher.hpp"
#include "lab9_dialog/line_editor.hpp"
#include "lab9_dialog/polled_socket.hpp"
#include "lab9_dialog/waiting_messages.hpp"
#include "scratch_folder.hpp"
#include "shared/framed_socket.hpp"
#include "waiting.hpp"

const std::string_view kProgram = "server";

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

// A client's conversation, from the server's side; `client` is the other one.
struct Talking {
  Talking() {
    open_log();
    connection.emplace(tcp_connection());
    client.emplace(std::move(connection->theirs));
    talk.emplace(7, std::move(connection->ours), "127.0.0.1:50000", commons);
  }
  Talking(const Talking&) = delete;
  Talking& operator=(const Talking&) = delete;
  ~Talking() { static_cast<void>(shown()); }

  // All that the person has been shown so far.
  std::string shown() {
    const std::string end = "-- the end of it --";
    commons.console.show(end);
    commons.console.write_out();
    wait_until([&] { return content_of(screen).ends_with(end + "\n"); });
    return content_of(screen);
  }

  void say(const std::vector<std::string>& messages) {
    std::string frames;
    for (const std::string& message : messages) frames += encode_frame(message);
    client->send_all(as_bytes(frames));
  }

  // Turns of the loop, as long as it has something to do.
  void serve() {
    while (true) {
      pollfd polled = talk->interest();
      const bool due = talk->due() <= Conversation::Clock::now();
      if (::poll(&polled, 1, 0) == 0 && !due) return;
      talk->serve(polled.revents);
      if (is_over()) return;
    }
  }
  void serve_when_ready() {
    wait_for(talk->interest().fd, POLLIN);
    serve();
  }

  // Up to the hash of the new password.
  void register_as(const std::string& name) {
    say({"", name, "password", "password"});
    serve_when_ready();
    for (int i = 0; i < 4; ++i) CHECK(client->receive_message()->starts_with("ASK "));
  }
  void get_in(const std::string& name) {
    register_as(name);
    talk->take_hash(run(quick_job("password")));
    CHECK(client->receive_message()->starts_with("TOKEN "));
    CHECK(client->receive_message() == "OK Nice to meet you, " + name + "!");
    serve();
  }

  // Sends the client more than the connection takes. Returns how many messages.
  int fill_buffers() {
    const std::string large(100'000, 'x');
    int sent = 0;
    for (; (talk->interest().events & POLLOUT) == 0; ++sent) talk->send(large);
    return sent;
  }

  bool is_read() const { return (talk->interest().events & POLLIN) != 0; }

  // More than 1 MiB for the person, and a message behind it, which is not read.
  void say_too_much_and(const std::string& last) {
    const std::string half(kMaxPayload / 2, 'x');
    Worker speaker([&] { say({half, half, last}); });
    while (is_read()) serve_when_ready();
    speaker.finish();
  }

  void end_input() {
    const Redirected input(STDIN_FILENO, memory_file());
    commons.person.read_more();
  }

  bool is_over(std::chrono::milliseconds later = {}) {
    return talk->is_over(Conversation::Clock::now() + later);
  }

  Descriptor screen = memory_file();
  Redirected standard_output{STDOUT_FILENO, screen};
  ScratchFolder folder;
  Accounts accounts;
  InputLines person;
  Commons commons{accounts, person};
  std::optional<Connection> connection;
  std::optional<FramedSocket> client;
  std::optional<Conversation> talk;
};

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

  TEST_CASE("what arrived before a reset is received, though something is unsent") {
    Connection connection = tcp_connection();
    PolledSocket socket(std::move(connection.ours), [](std::size_t) {});
    while (socket.unsent() == 0) socket.send_message(std::string(100'000, 'x'));
    FramedSocket theirs(std::move(connection.theirs));
    theirs.send_message("the last");
    wait_for(socket.fd(), POLLIN);
    reset(std::move(theirs));
    wait_for(socket.fd(), 0);  // for POLLERR and POLLHUP, which need not be asked for
    constexpr short kAll = POLLIN | POLLOUT | POLLERR | POLLHUP;
    socket.transfer(kAll);
    CHECK(socket.take_message() == "the last");
    CHECK(error_of([&] { socket.transfer(kAll); }) == ECONNRESET);
  }

  TEST_CASE_FIXTURE(Polled, "a message that is none is refused, and nothing of it is sent") {
    CHECK_THROWS_AS(socket.send_message("\xff"), std::invalid_argument);
    CHECK_THROWS_AS(socket.send_message(std::string(kMaxPayload + 1, 'x')), std::invalid_argument);
    CHECK(socket.unsent() == 0);
    CHECK(sent.empty());
  }
}

TEST_SUITE("Conversation") {
  TEST_CASE_FIXTURE(Talking, "a hash that fails is an error of the server, ERR and the end") {
    register_as("Ann");
    talk->take_hash(std::nullopt);
    CHECK(client->receive_message()->starts_with("ERR "));
    CHECK(!is_over());
    CHECK(client->receive_message() == std::nullopt);
    const std::string log = read_file("server.log");
    CHECK(log.find("[server] error: hash the password of 127.0.0.1:50000: ") != std::string::npos);
    CHECK(read_file("users.tsv").empty());
  }

  TEST_CASE_FIXTURE(Talking,
                    "a user that cannot be stored is an error of the server, and the end") {
    register_as("Ann");
    ::mkdir("users.tsv.new", 0700);  // nothing can be written there
    talk->take_hash(run(quick_job("password")));
    CHECK(client->receive_message()->starts_with("ERR "));
    CHECK(read_file("server.log").find("[server] error: ") != std::string::npos);
    CHECK(!talk->is_in());
  }

  TEST_CASE_FIXTURE(Talking, "while the password is hashed one recv() looks ahead") {
    register_as("Ann");
    CHECK(talk->interest().events == POLLIN);
    say({"too", "early"});
    serve_when_ready();
    CHECK(talk->interest().events == 0);
    CHECK(commons.waiting.bytes_of(7) == 0);
    talk->take_hash(run(quick_job("password")));
    serve();
    CHECK(commons.waiting.take_oldest()->text == "too");
    CHECK(commons.waiting.take_oldest()->text == "early");
    CHECK(shown().starts_with("Ann: too\nAnn: early\n"));
  }

  TEST_CASE_FIXTURE(Talking, "who leaves while the password is hashed is not registered") {
    register_as("Ann");
    finish_sending(*client);
    serve_when_ready();
    CHECK(is_over());
    CHECK(talk->farewell() == "127.0.0.1:50000 closed the connection");
    talk->take_hash(run(quick_job("password")));  // that was on its way
    CHECK(!accounts.users.find("Ann").has_value());
  }

  TEST_CASE_FIXTURE(Talking, "a reset while the password is hashed is noticed") {
    register_as("Ann");
    reset(std::move(*client));
    serve_when_ready();
    CHECK(is_over());
    CHECK(talk->farewell().starts_with("127.0.0.1:50000 was lost: recv: "));
  }

  TEST_CASE_FIXTURE(Talking, "a turn takes sixteen messages, and the next one comes at once") {
    get_in("Ann");
    say(std::vector<std::string>(20, "x"));
    wait_for(talk->interest().fd, POLLIN);
    talk->serve(POLLIN);
    const std::size_t one = commons.waiting.bytes_of(7) / 16;
    CHECK(talk->due() <= Conversation::Clock::now());
    CHECK(!is_read());  // before those that are here are taken
    talk->serve(0);
    CHECK(commons.waiting.bytes_of(7) == 20 * one);
    CHECK(talk->due() == Conversation::Clock::time_point::max());
  }

  TEST_CASE_FIXTURE(Talking, "more than 1 MiB that waits for the person is not read") {
    get_in("Ann");
    say_too_much_and("held back");
    CHECK(commons.waiting.take_oldest()->text.size() == kMaxPayload / 2);
    talk->send("an answer");
    wait_until([&] {
      serve();
      const auto message = commons.waiting.take_oldest();
      return message && message->text == "held back";
    });
    CHECK(client->receive_message() == "an answer");
  }

  TEST_CASE_FIXTURE(Talking, "who leaves is noticed though more than 1 MiB waits for the person") {
    get_in("Ann");
    say_too_much_and("the last");
    finish_sending(*client);
    wait_for(talk->interest().fd, talk->interest().events);
    serve();
    CHECK(shown().find("Ann: the last\n") != std::string::npos);
    CHECK(is_over());
    CHECK(talk->farewell() == "127.0.0.1:50000 closed the connection");
    CHECK(!commons.waiting.take_oldest().has_value());
  }

  TEST_CASE_FIXTURE(Talking,
                    "when the person leaves, what waits is answered as fast as it is read") {
    get_in("Ann");
    const int little = 16 * 1024;  // as much as the network takes at once
    check("setsockopt",
          ::setsockopt(talk->interest().fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little));
    const std::vector<std::string> messages = {std::string(kMaxPayload / 2, 'a'),
                                               std::string(kMaxPayload, 'b'), "c", "exit"};
    Worker speaker([&] { say(messages); });
    while (is_read()) serve_when_ready();  // all but the last two

    end_input();
    talk->serve(0);
    CHECK(!is_over());
    CHECK(talk->interest().events == POLLOUT);
    for (std::size_t i = 0; i < 3; ++i) {
      std::optional<std::string> answer;
      Worker reader([&] { answer = client->receive_message(); });
      wait_until([&] {
        serve();
        return reader.is_done();
      });
      reader.finish();
      CHECK(answer == messages[i]);
    }
    speaker.finish();
    wait_until([&] {
      serve();
      return is_over(std::chrono::seconds(2));
    });
    CHECK(talk->farewell() == "127.0.0.1:50000 said exit");
  }

  TEST_CASE_FIXTURE(Talking, "who has closed, and then reset, does not keep the loop awake") {
    register_as("Ann");
    say({"more"});  // this is kept until her password is hashed
    serve_when_ready();
    finish_sending(*client);
    reset(std::move(*client));
    wait_for(talk->interest().fd, 0);
    talk->serve(POLLERR | POLLHUP);
    pollfd polled = talk->interest();
    CHECK(::poll(&polled, 1, 0) == 0);
    CHECK(!is_over());
    talk->take_hash(run(quick_job("password")));
    CHECK(is_over());
    CHECK(talk->farewell().starts_with("127.0.0.1:50000 was lost: send: "));
  }

  TEST_CASE("a password is a user's or a newcomer's, and these take turns") {
    // The order is certain if the slow one was not done when the last one was submitted. On a slow
    // machine that takes a longer one.
    bool certain = false;
    for (int rounds = 3 * kRounds; !certain && rounds < 100 * kRounds; rounds *= 3) {
      Talking ann;
      Hasher& hasher = ann.commons.hasher;
      ann.accounts.users.put("Boris", run(quick_job("password")));
      hasher.submit(1, Hasher::Whose::kNewcomers, {Secret("a slow one"), "salt", rounds});
      ann.register_as("Ann");
      Connection other = tcp_connection();
      FramedSocket boris(std::move(other.theirs));
      Conversation second(8, std::move(other.ours), "127.0.0.1:50001", ann.commons);
      boris.send_all(as_bytes(encode_frame("") + encode_frame("Boris") + encode_frame("password")));
      wait_for(second.interest().fd, POLLIN);
      second.serve(POLLIN);
      certain = hasher.take_results().empty();
      if (!certain) continue;
      std::vector<std::uint64_t> clients;
      while (clients.size() < 3) {
        for (const auto& result : results_of(hasher)) clients.push_back(result.client);
      }
      CHECK(std::ranges::find(clients, 8U) < std::ranges::find(clients, 7U));
    }
    CHECK(certain);
  }

  TEST_CASE_FIXTURE(Talking, "who says exit gets all, and then a second to close") {
    get_in("Ann");
    say({"a question", "exit", "more"});
    serve_when_ready();
    CHECK(!commons.waiting.take_oldest().has_value());
    CHECK(!is_over());
    CHECK(client->receive_message() == std::nullopt);  // a close, and no reset
    say({"still here"});
    serve_when_ready();
    CHECK(!is_over());
    CHECK(is_over(std::chrono::seconds(2)));
    CHECK(talk->farewell() == "127.0.0.1:50000 said exit");
  }

  TEST_CASE_FIXTURE(Talking, "who says logout has left by that") {
    get_in("Ann");
    say({"logout"});
    serve_when_ready();
    CHECK(client->receive_message() == "OK Goodbye, Ann!");
    CHECK(client->receive_message() == std::nullopt);
    CHECK(talk->farewell() == "127.0.0.1:50000 said logout");
  }

  TEST_CASE_FIXTURE(Talking, "who closes, too, is let go of at once") {
    get_in("Ann");
    say({"exit"});
    serve_when_ready();
    CHECK(!is_over());
    finish_sending(*client);
    serve_when_ready();
    CHECK(is_over());
  }

  TEST_CASE_FIXTURE(Talking, "who does not read its last answers has time") {
    get_in("Ann");
    const int sent = fill_buffers();
    say({"exit"});
    serve_when_ready();
    CHECK(!is_over(std::chrono::seconds(50)));
    int received = 0;
    Worker reader([&] {
      while (client->receive_message()) ++received;
    });
    wait_until([&] {
      serve();
      return is_over(std::chrono::seconds(2));
    });
    reader.finish();
    CHECK(received == sent);
  }

  TEST_CASE_FIXTURE(Talking, "who never reads them is let go of after a minute") {
    get_in("Ann");
    fill_buffers();
    say({"exit"});
    serve_when_ready();
    CHECK(!is_over());
    CHECK(is_over(std::chrono::minutes(1)));
    CHECK(talk->farewell() == "127.0.0.1:50000 said exit");
  }

  TEST_CASE_FIXTURE(Talking, "a frame that breaks the protocol is an error, and the end") {
    get_in("Ann");
    client->send_all(as_bytes("\xff\xff\xff\xff"));
    serve_when_ready();
    CHECK(!is_over());
    CHECK(client->receive_message() == std::nullopt);
    CHECK(is_over(std::chrono::seconds(2)));
    CHECK(talk->farewell() == "127.0.0.1:50000 was dropped: it broke the protocol");
    CHECK(read_file("server.log").find("[server] error: 127.0.0.1:50000: ") != std::string::npos);
  }
}

TEST_SUITE("Dialog") {
  TEST_CASE_FIXTURE(Talking, "an input that cannot be read is one with nobody there") {
    Dialog dialog(accounts, person);
    {
      const Redirected input(STDIN_FILENO, Descriptor(::open("/dev/null", O_WRONLY)));
      dialog.read_console();
    }
    CHECK(person.ended());
    CHECK(read_file("server.log").find("[server] error: read standard input: ") !=
          std::string::npos);
  }

  TEST_CASE("WaitingMessages: the oldest of all, of some, of one") {
    WaitingMessages waiting;
    for (const std::uint64_t client : {2U, 1U, 3U, 2U}) {
      waiting.add(client, "of " + std::to_string(client));
    }
    const auto is_odd = [](std::uint64_t client) {
      return client % 2 == 1;
    };
    CHECK(waiting.take_oldest(is_odd)->client == 1);
    CHECK(waiting.take_oldest_of(1) == std::nullopt);
    CHECK(waiting.bytes_of(1) == 0);
    CHECK(waiting.take_oldest()->text == "of 2");
    CHECK(waiting.take_oldest_of(2) == "of 2");
    CHECK(waiting.take_oldest()->client == 3);
    waiting.add(4, "");
    CHECK(waiting.bytes_of(4) > 0);
    waiting.forget(4);
    CHECK(!waiting.take_oldest().has_value());
  }
}

TEST_SUITE("ConsoleOutput") {
  TEST_CASE("writes what it is given in its order, on either stream") {
    const Descriptor screen = memory_file();
    std::string expected;
    {
      const Redirected output(STDOUT_FILENO, screen);
      const Redirected errors(STDERR_FILENO, screen);
      ConsoleOutput console;
      for (int i = 0; i < 1000; ++i) {
        console.show(std::to_string(i));
        if (i % 7 == 0) console.tell("told\n");
        expected += std::to_string(i) + "\n" + (i % 7 == 0 ? "told\n" : "");
      }
      console.write_out();
      wait_until([&] { return content_of(screen).size() >= expected.size(); });
    }
    CHECK(content_of(screen) == expected);
  }

  TEST_CASE("a full pipe keeps nobody waiting, and the rest follows when it is read") {
    const Pipe pipe = make_pipe();
    const std::string large(200'000, 'x');
    const Redirected output(STDOUT_FILENO, pipe.writing);
    ConsoleOutput console;
    for (int i = 0; i < 5; ++i) console.show(large);  // so much is written without write_out()
    std::string read;
    std::array<char, 64 * 1024> part{};
    while (read.size() < 5 * (large.size() + 1)) {
      const ssize_t size = check("read", ::read(pipe.reading.number(), part.data(), part.size()));
      read.append(part.data(), static_cast<std::size_t>(size));
    }
    CHECK(read.starts_with(large + "\n" + large + "\n"));
  }
}

TEST_SUITE("Hasher") {
  TEST_CASE("tells of a hash that fails") {
    Hasher hasher;
    hasher.submit(1, Hasher::Whose::kUsers,
                  HashJob{Secret("password"), "salt", 0});  // of no rounds at all
    const auto results = results_of(hasher);
    REQUIRE(results.size() == 1);
    CHECK(!results[0].record.has_value());
  }

  TEST_CASE("hashes in the order of submission, and tells through its pipe") {
    Hasher hasher;
    for (std::uint64_t client = 1; client <= 100; ++client) {
      hasher.submit(client, Hasher::Whose::kUsers, quick_job("password " + std::to_string(client)));
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

  TEST_CASE("users and newcomers take turns, and each kind is in the order of submission") {
    // The order is certain if the first one was not done when the last one was submitted. On a slow
    // machine that takes a longer one.
    bool certain = false;
    for (int rounds = kRounds; !certain && rounds < 100 * kRounds; rounds *= 3) {
      Hasher hasher;
      hasher.submit(1, Hasher::Whose::kUsers, HashJob{Secret("a slow one"), "salt", rounds});
      hasher.submit(2, Hasher::Whose::kNewcomers, quick_job("new"));
      hasher.submit(3, Hasher::Whose::kNewcomers, quick_job("new"));
      hasher.submit(4, Hasher::Whose::kUsers, quick_job("known"));
      hasher.submit(5, Hasher::Whose::kUsers, quick_job("known"));
      certain = hasher.take_results().empty();
      std::vector<std::uint64_t> clients;
      while (clients.size() < 5) {
        for (const Hasher::Result& result : results_of(hasher)) clients.push_back(result.client);
      }
      if (certain) CHECK(clients == std::vector<std::uint64_t>{1, 2, 4, 3, 5});
    }
    CHECK(certain);
  }

  TEST_CASE("the pipe is quiet when all results are taken") {
    Hasher hasher;
    hasher.submit(7, Hasher::Whose::kUsers, quick_job("password"));
    CHECK(results_of(hasher).size() == 1);
    pollfd polled{hasher.fd(), POLLIN, 0};
    CHECK(::poll(&polled, 1, 0) == 0);
    CHECK(hasher.take_results().empty());
  }

  TEST_CASE("does not begin what was forgotten") {
    // It is certain that a job was not begun if the one before it was not done when it was
    // forgotten. On a slow machine that takes a longer one.
    bool certain = false;
    for (int rounds = kRounds; !certain && rounds < 100 * kRounds; rounds *= 3) {
      Hasher hasher;
      hasher.submit(1, Hasher::Whose::kUsers, HashJob{Secret("a slow one"), "salt", rounds});
      hasher.submit(2, Hasher::Whose::kUsers, quick_job("never begun"));
      hasher.forget(2);
      certain = hasher.take_results().empty();
      hasher.submit(3, Hasher::Whose::kUsers, quick_job("the last"));
      std::vector<std::uint64_t> clients;
      while (clients.empty() || clients.back() != 3) {
        for (const Hasher::Result& result : results_of(hasher)) clients.push_back(result.client);
      }
      if (certain) CHECK(clients == std::vector<std::uint64_t>{1, 3});
    }
    CHECK(certain);
  }

  TEST_CASE("ends with jobs left") {
    Hasher hasher;
    for (std::uint64_t client = 0; client < 1000; ++client) {
      hasher.submit(client, Hasher::Whose::kUsers, HashJob{Secret("slow"), "salt", kRounds});
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
