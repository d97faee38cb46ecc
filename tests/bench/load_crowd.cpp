// Measures many clients at once, each of which sends a message of 16 bytes when the one before is
// answered: load_crowd PORT MILLISECONDS CLIENTS [NAME PASSWORD, to log in first]

#include <sys/epoll.h>
#include <sys/resource.h>

#include <memory>

#include "load.hpp"
#include "log_in.hpp"
#include "shared/framed_socket.hpp"

namespace {

using Crowd = std::vector<std::unique_ptr<FramedSocket>>;

void raise_descriptor_limit() {
  rlimit limit{};
  check("getrlimit", ::getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  check("setrlimit", ::setrlimit(RLIMIT_NOFILE, &limit));
}

// The first logs in with the password, all others with its session.
Crowd gather(const std::string& port, int clients, const std::vector<std::string>& account) {
  Crowd crowd;
  std::string token;
  for (int i = 0; i < clients; ++i) {
    crowd.push_back(std::make_unique<FramedSocket>(connect_to(port)));
    if (!account.empty()) token = log_in(*crowd.back(), account.at(0), account.at(1), token);
  }
  return crowd;
}

// Messages a second.
double talk(Crowd& crowd, std::chrono::milliseconds time) {
  const std::string frame = encode_frame(std::string(16, 'x'));
  const Socket epoll(check("epoll_create1", ::epoll_create1(0)));
  const auto begin = Clock::now();
  for (auto& socket : crowd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = socket.get();
    check("epoll_ctl", ::epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, socket->fd(), &event));
    socket->send_all(as_bytes(frame));
  }
  std::size_t answered = 0;
  std::size_t asked = crowd.size();
  while (answered < asked) {
    std::array<epoll_event, 64> ready{};
    const int count = check("epoll_wait", ::epoll_wait(epoll.fd(), ready.data(), 64, 10'000));
    if (count == 0) throw ProtocolError("a message was not answered");
    const bool more = Clock::now() < begin + time;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      auto& socket = *static_cast<FramedSocket*>(ready[i].data.ptr);
      std::array<std::byte, 20> answer{};
      if (!socket.receive_exactly(answer)) throw ProtocolError("the server has closed");
      ++answered;
      if (!more) continue;
      socket.send_all(as_bytes(frame));
      ++asked;
    }
  }
  return static_cast<double>(answered) / Seconds(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    raise_descriptor_limit();
    const std::chrono::milliseconds time(std::stoi(arguments.at(1)));
    const std::vector<std::string> account(arguments.begin() + 3, arguments.end());
    Crowd crowd = gather(arguments[0], std::stoi(arguments[2]), account);
    if (time.count() > 0) report("messages of a crowd", talk(crowd, time));
  });
}
