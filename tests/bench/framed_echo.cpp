// FramedSocket alone: returns each message, and tells nobody.
//
//   framed_echo PORT

#include <exception>

#include "bare.hpp"
#include "shared/framed_socket.hpp"

int main(int argc, char* argv[]) {
  if (argc != 2) return 2;
  const int listener = open_listener(argv[1]);
  while (true) {
    FramedSocket client(Socket(accept_client(listener, /*delayed=*/true).descriptor));
    try {
      while (const auto message = client.receive_message()) client.send_message(*message);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());  // of that client, not of the server
    }
  }
}
