// Measures how fast a line reaches all members of a chat. Some servers are measured in turn, so
// that what the machine does meanwhile falls on all of them: a figure for each in each round, in
// datagrams a second, with the port as its name.
//
//   load_chat MILLISECONDS ROUNDS MEMBERS PORT...

#include <sys/epoll.h>
#include <sys/resource.h>

#include <memory>
#include <utility>

#include "load.hpp"

namespace {

constexpr std::chrono::milliseconds kPatience{200};  // after which a client asks again

struct Member {
  Socket socket;
  std::string token{};
  std::string cookie{};
  unsigned long heard = 0;  // so many NOTEs and MSGs, without those that came again
};

class Chat {
 public:
  Chat(std::string port, std::size_t members)
      : port_(std::move(port)), epoll_(check("epoll_create1", ::epoll_create1(0))) {
    members_.reserve(members);
    for (std::size_t i = 0; i < members; ++i) join("member" + std::to_string(i));
    // The server tells each of the others that somebody has joined. (A bare one does not.)
    const std::size_t notes = members_[0].cookie.empty() ? 0 : members * (members - 1) / 2;
    wait([&] { return heard_ == notes; }, [] {});
  }

  // Datagrams a second in which what one says reaches the others, a line at a time.
  double talk(std::chrono::milliseconds time) {
    const std::size_t heard_before = heard_;
    const auto begin = Clock::now();
    do {
      say_line();
    } while (Clock::now() < begin + time);
    return static_cast<double>(heard_ - heard_before) / Seconds(Clock::now() - begin).count();
  }

 private:
  void join(const std::string& nick) {
    Member& member = members_.emplace_back(Member{.socket = connect_to(port_, SOCK_DGRAM)});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &member;
    check("epoll_ctl", ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, member.socket.fd(), &event));
    const auto ask = [&] {
      member.socket.send_all(
          as_bytes("JOIN " + nick + (member.cookie.empty() ? "" : " " + member.cookie)));
    };
    ask();
    wait([&] { return !member.cookie.empty() || !member.token.empty(); }, ask);
    if (member.token.empty()) ask();
    wait([&] { return !member.token.empty(); }, ask);
  }

  void say_line() {
    const std::size_t all = heard_ + members_.size() - 1;
    Member& speaker = members_[0];
    const std::string line =
        "SAY " + speaker.token + " " + std::to_string(++said_) + "\n" + std::string(64, 'x');
    const auto say = [&] {
      speaker.socket.send_all(as_bytes(line));
    };
    say();
    wait([&] { return heard_ == all; }, say);
  }

  // Takes in what comes until it `is_enough()`; asks again if nothing comes.
  template <typename Enough, typename Again>
  void wait(Enough is_enough, Again ask_again) {
    int tries = 0;
    while (!is_enough()) {
      std::array<epoll_event, 64> ready{};
      const int count = check("epoll_wait", ::epoll_wait(epoll_.fd(), ready.data(), 64,
                                                         static_cast<int>(kPatience.count())));
      if (count == 0 && ++tries == 50) throw ProtocolError("the chat is silent");
      if (count == 0) ask_again();
      for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        take_datagram(*static_cast<Member*>(ready[i].data.ptr));
      }
    }
  }

  void take_datagram(Member& member) {
    std::array<std::byte, 1201> buffer{};
    const auto received = member.socket.receive_some(buffer);
    if (!received) return;
    const std::string_view text = as_text(*received);
    const std::string_view verb = text.substr(0, text.find(' '));
    const std::string_view rest = text.substr(std::min(verb.size() + 1, text.size()));
    if (verb == "COOKIE") member.cookie = rest;
    if (verb == "WELCOME") member.token = rest;
    if (verb == "NOTE" || verb == "MSG")
      acknowledge(member, rest.substr(0, rest.find_first_of(" \n")));
  }

  void acknowledge(Member& member, std::string_view number) {
    member.socket.send_all(as_bytes("ACK " + member.token + " " + std::string(number)));
    if (std::stoul(std::string(number)) <= member.heard) return;
    ++member.heard;
    ++heard_;
  }

  std::string port_;
  Socket epoll_;
  std::vector<Member> members_;
  std::size_t heard_ = 0;  // by all of them
  unsigned long said_ = 0;
};

}  // namespace

int main(int argc, char* argv[]) {
  return run_load(argc, argv, [](const std::vector<std::string>& arguments) {
    rlimit limit{};
    check("getrlimit", ::getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    check("setrlimit", ::setrlimit(RLIMIT_NOFILE, &limit));

    const std::chrono::milliseconds time(std::stoi(arguments.at(0)));
    std::vector<std::unique_ptr<Chat>> chats;
    for (std::size_t i = 3; i < arguments.size(); ++i) {
      chats.push_back(std::make_unique<Chat>(arguments[i], std::stoul(arguments.at(2))));
    }
    for (int round = 0; round < std::stoi(arguments[1]); ++round) {
      for (std::size_t i = 0; i < chats.size(); ++i) report(arguments[3 + i], chats[i]->talk(time));
    }
  });
}
