// Boost.Asio (here without Boost), as its examples use it: an object a client, in one thread.
//
//   peer_asio PORT echo      returns portions of at most 1,024 bytes
//   peer_asio PORT frames    returns frames: reads a header, then a payload

#include <cstdio>

#if __has_include(<asio.hpp>)

#include <arpa/inet.h>

#include <array>
#include <asio.hpp>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace {

using asio::ip::tcp;

// A client's conversation. Each operation that is under way keeps it alive; one that fails is the
// last.
class Session : public std::enable_shared_from_this<Session> {
  using Step = void (Session::*)(std::size_t);

  auto next(Step step) {
    return [self = shared_from_this(), step](const asio::error_code& error, std::size_t size) {
      if (!error) (self.get()->*step)(size);
    };
  }

 public:
  Session(tcp::socket socket, bool frames) : socket_(std::move(socket)), frames_(frames) {}

  void start() {
    if (frames_) {
      asio::async_read(socket_, asio::buffer(buffer_, 4), next(&Session::on_header));
    } else {
      socket_.async_read_some(asio::buffer(buffer_, 1024), next(&Session::on_whole));
    }
  }

 private:
  void on_header(std::size_t /*size*/) {
    const std::array<char, 4> header = {buffer_[0], buffer_[1], buffer_[2], buffer_[3]};
    const std::size_t payload = ntohl(std::bit_cast<std::uint32_t>(header));
    if (4 + payload > buffer_.size()) return;
    asio::async_read(socket_, asio::buffer(buffer_.data() + 4, payload),
                     next(&Session::on_payload));
  }

  void on_payload(std::size_t size) { on_whole(4 + size); }

  void on_whole(std::size_t size) {
    asio::async_write(socket_, asio::buffer(buffer_, size), next(&Session::on_written));
  }

  void on_written(std::size_t /*size*/) { start(); }

  tcp::socket socket_;
  bool frames_;
  std::array<char, 16 * 1024> buffer_{};
};

void accept_clients(tcp::acceptor& acceptor, bool frames) {
  acceptor.async_accept([&acceptor, frames](const asio::error_code& error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), frames)->start();
    accept_clients(acceptor, frames);
  });
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  try {
    asio::io_context context(1);
    const auto port = static_cast<std::uint16_t>(std::stoi(argv[1]));
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    accept_clients(acceptor, argv[2] == std::string("frames"));
    context.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

#else

int main() {
  std::fprintf(stderr, "asio.hpp was not there when this was built\n");
  return 77;
}

#endif
