// Boost.Asio (here without Boost), as its examples use it: a coroutine a client, in one thread.
//
//   peer_asio PORT echo      returns portions of at most 1,024 bytes
//   peer_asio PORT frames    returns frames: reads a header, then a payload

#include <cstdio>

#if __has_include(<asio.hpp>)

#include <arpa/inet.h>

#include <array>
#include <asio.hpp>
#include <bit>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace {

using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket) {
  std::array<char, 1024> portion{};
  while (true) {
    const std::size_t size =
        co_await socket.async_read_some(asio::buffer(portion), asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(portion, size), asio::use_awaitable);
  }
}

asio::awaitable<void> echo_frames(tcp::socket socket) {
  std::string frame;
  while (true) {
    frame.resize(4);
    co_await asio::async_read(socket, asio::buffer(frame), asio::use_awaitable);
    const std::array<char, 4> header = {frame[0], frame[1], frame[2], frame[3]};
    frame.resize(4 + ntohl(std::bit_cast<std::uint32_t>(header)));
    co_await asio::async_read(socket, asio::buffer(frame) + 4, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(frame), asio::use_awaitable);
  }
}

asio::awaitable<void> accept_clients(tcp::acceptor& acceptor, bool frames) {
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(),
                   frames ? echo_frames(std::move(socket)) : echo(std::move(socket)),
                   asio::detached);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  try {
    asio::io_context context(1);
    const auto port = static_cast<std::uint16_t>(std::stoi(argv[1]));
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    asio::co_spawn(context, accept_clients(acceptor, argv[2] == std::string("frames")),
                   asio::detached);
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
