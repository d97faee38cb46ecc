// The headers of lab 3: questions, and addresses of both families.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors.hpp"
#include "lab3_config/address.hpp"
#include "lab3_config/prompt.hpp"
#include "shared/socket.hpp"

const std::string_view kProgram = "client";

using std::string_literals::operator""s;

namespace {

// What a question made of an input, and what it said.
template <typename Value>
struct Dialogue {
  Value value;
  std::string said;
};

template <typename Question>
auto dialogue(std::string_view input, Question question) {
  const Redirected redirected(STDIN_FILENO, memory_file(input));
  InputLines lines;
  Dialogue<decltype(question(lines))> dialogue{};
  dialogue.said = written_to(STDERR_FILENO, [&] { dialogue.value = question(lines); });
  return dialogue;
}

// Of whatever kind somebody may type, or a program may send.
const std::vector<std::string> kOddAnswers = {"\0"s,
                                              "\x1b[2J\x1b[31m"s,
                                              "\xff\xfe"s,
                                              "a\tb"s,
                                              "\r\r"s,
                                              "\"quoted\""s,
                                              "%s%n"s,
                                              "../../etc"s,
                                              std::string(300, '.'),
                                              std::string(64, 'x') + ".example",
                                              std::string(1'000'000, '9')};

sockaddr_in ipv4(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  REQUIRE(::inet_pton(AF_INET, host, &address.sin_addr) == 1);
  return address;
}
sockaddr_in6 ipv6(const char* host, std::uint16_t port, unsigned interface = 0) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_scope_id = interface;
  REQUIRE(::inet_pton(AF_INET6, host, &address.sin6_addr) == 1);
  return address;
}
template <typename Address>
std::string written(const Address& address) {
  return to_string(as_sockaddr(address), sizeof address);
}

std::vector<std::string> written(const AddressList& list) {
  std::vector<std::string> all;
  for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
    CHECK(address->ai_socktype == SOCK_STREAM);
    all.push_back(to_string(address->ai_addr, address->ai_addrlen));
  }
  return all;
}
using Written = std::vector<std::string>;

bool hosts_file_knows(std::string_view name) {
  std::ifstream file("/etc/hosts");
  return std::find(std::istream_iterator<std::string>(file), {}, name) !=
         std::istream_iterator<std::string>();
}

}  // namespace

TEST_CASE("a question shows its default, and takes an answer") {
  const auto [port, said] = dialogue("8080\n", ask_port);
  CHECK(port == 8080);
  CHECK(said == "Port [9090]: ");
  const auto [host, asked] = dialogue("::1\n", ask_host);
  CHECK(host == "::1");
  CHECK(asked == "Host [127.0.0.1]: ");
}

TEST_CASE("an empty answer, and the end of the input, stand for the default") {
  for (const char* const nothing : {"\n", "   \n", "\r\n", "  \r\n", "", "  ", "\r"}) {
    CHECK(dialogue(nothing, ask_port).value == 9090);
    CHECK(dialogue(nothing, ask_port).said == "Port [9090]: ");
    CHECK(dialogue(nothing, ask_host).value == "127.0.0.1");
    CHECK(dialogue(nothing, ask_host).said == "Host [127.0.0.1]: ");
  }
}

TEST_CASE("spaces around an answer, and a carriage return at its end, do not count") {
  for (const char* const answer : {"  8080\n", "8080  \n", "8080\r\n", " 8080 \r\n", "8080"}) {
    CHECK(dialogue(answer, ask_port).value == 8080);
    CHECK(dialogue(answer, ask_port).said == "Port [9090]: ");
  }
  CHECK(dialogue("  ::1 \r\n", ask_host).value == "::1");
}

TEST_CASE("an answer that is no port brings a line about it, and the question again") {
  std::vector<std::string> answers = kOddAnswers;
  for (const char* const answer :
       {"0", "65536", "-1", "+80", "8 0", "0x50", "1e3", "abc", "８０"}) {
    answers.emplace_back(answer);
  }
  for (const std::string& answer : answers) {
    const auto [port, said] = dialogue(answer + "\n8080\n", ask_port);
    CHECK(port == 8080);
    CHECK(said == "Port [9090]: port " + in_quotes(without_carriage_return(answer)) +
                      " is not a number from 1 to 65535\nPort [9090]: ");
  }
}

TEST_CASE("an answer that is no host brings a line about it, and the question again") {
  // Of a shape that no lookup takes as far as the network.
  for (const std::string& answer :
       {"\0"s, "127.0.0.1\0"s, "127.0.0.1\0.example"s, "\x1b[2J..\x1b[31m"s, "a..b"s, ".."s,
        std::string(300, '.'), std::string(64, 'x') + ".example", std::string(1'000'000, 'x')}) {
    const auto [host, said] = dialogue(answer + "\n::1\n", ask_host);
    CHECK(host == "::1");
    CHECK(said.starts_with("Host [127.0.0.1]: host " + in_quotes(answer) + ": "));
    CHECK(
        said.ends_with("; an address such as 127.0.0.1 or ::1 will do, or a known name\n"
                       "Host [127.0.0.1]: "));
    CHECK(std::ranges::count(said, '\n') == 1);
    CHECK(printable(said).size() == said.size() + 3);  // that newline, as \x0a
  }
}

TEST_CASE("a question is asked until the answer will do, or the input ends") {
  const std::string complaint = "port \"x\" is not a number from 1 to 65535\n";
  const std::string twice = "Port [9090]: " + complaint + "Port [9090]: " + complaint;
  const auto answered = dialogue("x\nx\n1\n", ask_port);
  CHECK(answered.value == 1);
  CHECK(answered.said == twice + "Port [9090]: ");
  const auto ended = dialogue("x\nx", ask_port);
  CHECK(ended.value == 9090);
  CHECK(ended.said == twice + "Port [9090]: ");
}

TEST_CASE("questions share the input, a line each, and leave the rest of it") {
  std::string rest;
  const auto both = dialogue("localhost..\n::1\n8080\nthe first line\n", [&](InputLines& lines) {
    const std::string host = ask_host(lines);
    const std::uint16_t port = ask_port(lines);
    rest = lines.next().value_or("");
    return host + " " + std::to_string(port);
  });
  CHECK(both.value == "::1 8080");
  CHECK(rest == "the first line");
}

TEST_CASE("a prompt goes out in one write, without a newline") {
  unsigned long writes = 0;
  const auto [port, said] = dialogue("8080\n", [&](InputLines& lines) {
    const unsigned long before = count_writes();
    const std::uint16_t answer = ask_port(lines);
    writes = count_writes() - before;
    return answer;
  });
  CHECK(port == 8080);
  CHECK(writes == 1);
}

TEST_CASE("an address is written as its host and its port, IPv6 in brackets") {
  CHECK(written(ipv4("127.0.0.1", 9090)) == "127.0.0.1:9090");
  CHECK(written(ipv4("255.255.255.255", 65535)) == "255.255.255.255:65535");
  CHECK(written(ipv6("::1", 9090)) == "[::1]:9090");
  CHECK(written(ipv6("::", 1)) == "[::]:1");
  CHECK(written(ipv6("2001:DB8:0::0001", 9090)) == "[2001:db8::1]:9090");
}

TEST_CASE("an IPv4-mapped address is written as the IPv4 address that it is") {
  CHECK(written(ipv6("::ffff:127.0.0.1", 50000)) == "127.0.0.1:50000");
  CHECK(written(ipv6("::ffff:c000:0201", 50000)) == "192.0.2.1:50000");
  CHECK(written(ipv6("::ffff:0:0", 1)) == "0.0.0.0:1");
  // These only look like one.
  CHECK(written(ipv6("::1.2.3.4", 1)) == "[::1.2.3.4]:1");
  CHECK(written(ipv6("::fffe:102:304", 1)) == "[::fffe:102:304]:1");
  CHECK(written(ipv6("::ffff:0:102:304", 1)) == "[::ffff:0:102:304]:1");
  CHECK(written(ipv6("64:ff9b::102:304", 1)) == "[64:ff9b::102:304]:1");
}

TEST_CASE("a link-local address is written with its interface") {
  const unsigned loopback = ::if_nametoindex("lo");
  REQUIRE(loopback != 0);
  CHECK(written(ipv6("fe80::1", 9090, loopback)) == "[fe80::1%lo]:9090");
}

TEST_CASE("an IPv4 client of an IPv6 socket is written as IPv4") {
  const int descriptor = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (descriptor < 0 && errno == EAFNOSUPPORT) {
    MESSAGE("not tested: this machine is without IPv6");
    return;
  }
  const Socket listener(check("socket", descriptor));
  const int off = 0;
  check("setsockopt", ::setsockopt(listener.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
  sockaddr_in6 address = ipv6("::ffff:127.0.0.1", 0);
  socklen_t size = sizeof address;
  check("bind", ::bind(listener.fd(), as_sockaddr(address), size));
  check("listen", ::listen(listener.fd(), 1));
  check("getsockname", ::getsockname(listener.fd(), as_sockaddr(address), &size));

  const Socket client(::socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in server = ipv4("127.0.0.1", ntohs(address.sin6_port));
  check("connect", ::connect(client.fd(), as_sockaddr(server), sizeof server));
  sockaddr_in own{};
  socklen_t own_size = sizeof own;
  check("getsockname", ::getsockname(client.fd(), as_sockaddr(own), &own_size));

  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  const Socket accepted(::accept(listener.fd(), as_sockaddr(peer), &peer_size));
  CHECK(peer.ss_family == AF_INET6);
  CHECK(to_string(as_sockaddr(peer), peer_size) ==
        "127.0.0.1:" + std::to_string(ntohs(own.sin_port)));
}

TEST_CASE("an address resolves to itself") {
  CHECK((written(resolve("127.0.0.1", 9090)) == Written{"127.0.0.1:9090"}));
  CHECK((written(resolve("::1", 65535)) == Written{"[::1]:65535"}));
  CHECK((written(resolve("::ffff:127.0.0.1", 1)) == Written{"127.0.0.1:1"}));
  CHECK((written(resolve("fe80::1%lo", 1)) == Written{"[fe80::1%lo]:1"}));
}

TEST_CASE("a name resolves to addresses of this name, with the port") {
  if (!hosts_file_knows("localhost")) {
    MESSAGE("not tested: no localhost in /etc/hosts, and a test does not ask the network");
    return;
  }
  const Written addresses = written(resolve("localhost", 9090));
  CHECK_FALSE(addresses.empty());
  for (const std::string& address : addresses) {
    CHECK((address.starts_with("127.") || address.starts_with("[::1]")));
    CHECK(address.ends_with(":9090"));
  }
}

TEST_CASE("what does not resolve is told, with the host as it may be shown") {
  CHECK_THROWS_WITH_AS(resolve("", 1), "host \"\": Name or service not known",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(resolve("127.0.0.1\0.example"s, 1),
                       "host \"127.0.0.1\\x00.example\": Name or service not known",
                       std::invalid_argument);
  for (const std::string& host :
       {"\0"s, "a..b"s, "::1%nosuch"s, std::string(64, 'x') + ".example", std::string(300, '.')}) {
    CHECK_THROWS_AS(resolve(host, 1), std::invalid_argument);
  }
}

TEST_CASE("an empty host stands for every address of the machine, in the family asked for") {
  CHECK((written(look_up("", 9090, AF_INET)) == Written{"0.0.0.0:9090"}));
  CHECK((written(look_up("", 9090, AF_INET6)) == Written{"[::]:9090"}));
}
