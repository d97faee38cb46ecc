// A client's conversation with lab 9's server, whatever the client sends and in whatever pieces:
// the server sends frames alone, answers each message with the same text and in order, and when the
// client has closed it lets go of it.

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <vector>

#include "fuzz.hpp"
#include "lab9_dialog/conversation.hpp"
#include "quick_hash.hpp"

const std::string_view kProgram = "server";

namespace {

using Messages = std::vector<std::string>;

Accounts& accounts() {
  static Accounts all;
  return all;
}

InputLines& nobody() {
  static InputLines person;
  return person;
}

Commons& commons() {
  static Commons all{accounts(), nobody()};
  return all;
}

// One person is known: Anna, with the password "password".
void begin_anew() {
  std::ofstream("users.tsv") << "Anna\t" << hash_password(Secret("password"), "salt", 1) << "\n";
  ::unlink("sessions.tsv");
  accounts() = Accounts();
}

// What the client sends: frames, mostly.
std::string make_stream(FuzzedDataProvider& data) {
  std::string stream;
  while (data.remaining_bytes() > 0 && stream.size() < 4096) {
    switch (data.ConsumeIntegralInRange(0, 5)) {
      case 0:
        stream += data.ConsumeRandomLengthString();
        break;
      case 1:
        for (const char* text : {"", "Anna", "password"}) stream += encode_frame(text);
        break;
      case 2:
        stream += encode_frame(data.PickValueInArray({"exit", "logout", "Boris", "12345678"}));
        break;
      default: {
        const std::string text = data.ConsumeRandomLengthString();
        stream += encode_frame(is_utf8(text) ? text : "no UTF-8");
      }
    }
  }
  return stream;
}

Messages frames_in(std::string_view stream, bool* whole = nullptr) {
  Messages messages;
  FrameDecoder decoder;
  decoder.append(bytes_of(stream));
  try {
    while (auto message = decoder.next()) messages.push_back(*message);
    if (whole != nullptr) *whole = !decoder.in_frame();
  } catch (const ProtocolError&) {
    if (whole != nullptr) *whole = false;
  }
  return messages;
}

class Client {
 public:
  Client() {
    require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) == 0, "socketpair");
    server_.emplace(next_id_++, Socket(ends_[1]), "peer", commons());
  }
  ~Client() { ::close(ends_[0]); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    const ssize_t sent = ::send(ends_[0], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    require(sent == static_cast<ssize_t>(bytes.size()) || errno == EPIPE, "send");
  }
  void close() { ::shutdown(ends_[0], SHUT_WR); }

  // Lets the server do what it can do now; false when it has let go of the client.
  bool serve() {
    while (true) {
      std::array<pollfd, 2> polled = {server_->interest(), {commons().hasher.fd(), POLLIN, 0}};
      ::poll(polled.data(), polled.size(), 0);
      const bool due = server_->due() <= Conversation::Clock::now();
      if (polled[0].revents == 0 && polled[1].revents == 0 && !due) return true;
      if (polled[0].revents != 0 || due) server_->serve(polled[0].revents);
      take_hash();
      receive();
      if (server_->is_over(Conversation::Clock::now())) return false;
    }
  }

  // Until the server has let go of it.
  void settle() {
    for (int round = 0; serve(); ++round) {
      require(round < 100, "when the client has closed, the server lets go of it");
      std::array<pollfd, 2> polled = {server_->interest(), {commons().hasher.fd(), POLLIN, 0}};
      ::poll(polled.data(), polled.size(), 100);
    }
    receive();
  }

  const std::string& received() const { return received_; }

 private:
  void take_hash() {
    for (const Hasher::Result& result : commons().hasher.take_results()) {
      if (result.client + 1 == next_id_) server_->take_hash(result.record);
    }
  }

  void receive() {
    std::array<char, 4096> buffer;
    ssize_t size = 0;
    while ((size = ::recv(ends_[0], buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }

  static inline std::uint64_t next_id_ = 0;
  std::array<int, 2> ends_{};
  std::optional<Conversation> server_;
  std::string received_;
};

// `said` and `heard` are all messages of a conversation.
void check_answers(const Messages& said, const Messages& heard) {
  require(!heard.empty() && heard[0].starts_with("ASK token "), "the server begins");
  std::size_t questions = 0;
  std::size_t at = 0;
  for (; at < heard.size() && !heard[at].starts_with("OK "); ++at) {
    if (heard[at].starts_with("ASK ")) ++questions;
  }
  for (std::size_t i = at + 1; i < heard.size(); ++i) {
    const std::size_t answered = questions + i - at - 1;
    require(answered < said.size(), "nothing is answered that was not said");
    const bool goodbye = said[answered] == "logout" && heard[i].starts_with("OK Goodbye, ");
    require(heard[i] == said[answered] || goodbye, "each answer is the message, in order");
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  work_in_scratch_folder();
  require(::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO) == STDIN_FILENO, "dup2");
  nobody().read_more();  // its end
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  begin_anew();
  FuzzedDataProvider data(bytes, size);
  const std::string stream = make_stream(data);
  Client client;
  bool there = true;
  for (std::string_view rest = stream; !rest.empty() && there;) {
    client.send(take_piece(rest, data));
    there = client.serve();
  }
  client.close();
  if (there) client.settle();

  bool whole = false;
  const Messages heard = frames_in(client.received(), &whole);
  require(whole, "the server sends frames alone");
  check_answers(frames_in(stream), heard);
  return 0;
}
