// The headers of lab 1: addresses, arguments, service messages and standard streams. What is said
// on the way to the end, and the end, are in lab1_stop.cpp.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "child.hpp"
#include "connections.hpp"
#include "descriptors.hpp"
#include "lab1_echo/address.hpp"
#include "lab1_echo/arguments.hpp"
#include "lab1_echo/service_message.hpp"
#include "lab1_echo/standard_streams.hpp"
#include "waiting.hpp"

const std::string_view kProgram = "server";

using std::string_literals::operator""s;

namespace {

constexpr std::string_view kUsage = "usage: server [PORT]\n";

// As main gets it.
Arguments parse(std::initializer_list<const char*> words, bool takes_host) {
  std::vector<std::string> copies(words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  return parse_arguments(static_cast<int>(copies.size()), pointers.data(), kUsage, takes_host);
}

}  // namespace

TEST_CASE("make_address has the port and the host in network byte order") {
  const sockaddr_in address = make_address("127.0.0.1", 0x1234);
  const auto bytes = std::as_bytes(std::span(&address, 1));
  CHECK(address.sin_family == AF_INET);
  CHECK(bytes[offsetof(sockaddr_in, sin_port)] == std::byte{0x12});
  CHECK(bytes[offsetof(sockaddr_in, sin_port) + 1] == std::byte{0x34});
  CHECK(address.sin_addr.s_addr == htonl(0x7f000001));
  CHECK(make_address("0.0.0.0", 1).sin_addr.s_addr == INADDR_ANY);
}

TEST_CASE("make_address takes an IPv4 address and nothing else") {
  for (const char* const host :
       {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "::1", "1"}) {
    CHECK_THROWS_AS(make_address(host, 1), std::invalid_argument);
  }
  CHECK_THROWS_WITH(make_address("\x1b[2J", 1),
                    "host \"\\x1b[2J\" is not an IPv4 address, like 127.0.0.1");
}

TEST_CASE("an address is written as its host and its port") {
  CHECK(to_string(make_address("127.0.0.1", 9090)) == "127.0.0.1:9090");
  CHECK(to_string(make_address("255.255.255.255", 65535)) == "255.255.255.255:65535");
  CHECK(to_string(make_address("0.0.0.0", 1)) == "0.0.0.0:1");
}

TEST_CASE("as_sockaddr is the same memory, seen as the system's functions want it") {
  sockaddr_in address = make_address("127.0.0.1", 9090);
  const sockaddr_in& same = address;
  CHECK(static_cast<void*>(as_sockaddr(address)) == &address);
  CHECK(as_sockaddr(same)->sa_family == AF_INET);
}

TEST_CASE("a port is a number from 1 to 65535") {
  CHECK(parse_port("1") == 1);
  CHECK(parse_port("80") == 80);
  CHECK(parse_port("9090") == 9090);
  CHECK(parse_port("65535") == 65535);
}

TEST_CASE("what is no port is refused, with a line that names the range") {
  for (const std::string& text : {""s,
                                  " "s,
                                  "0"s,
                                  "00"s,
                                  "65536"s,
                                  "70000"s,
                                  "131072"s,
                                  "4294967297"s,
                                  "18446744073709551617"s,
                                  "99999999999999999999999"s,
                                  "-1"s,
                                  "-0"s,
                                  "+80"s,
                                  " 80"s,
                                  "80 "s,
                                  "80\n"s,
                                  "8 0"s,
                                  "80a"s,
                                  "a80"s,
                                  "0x50"s,
                                  "8.0"s,
                                  "80,"s,
                                  "1e3"s,
                                  "abc"s,
                                  "8\0"s,
                                  "\0"s,
                                  "\xff"s,
                                  "８０"s,
                                  "٨٠"s,
                                  std::string(1'000'000, '9')}) {
    std::string complaint;
    try {
      parse_port(text);
    } catch (const std::invalid_argument& mistake) {
      complaint = mistake.what();
    }
    CHECK(complaint == "port " + in_quotes(text) + " is not a number from 1 to 65535");
  }
}

TEST_CASE("a server takes a port, a client a host and a port, and both may be left out") {
  CHECK(parse({"server"}, false).port == std::nullopt);
  CHECK(parse({"server", "80"}, false).port == 80);
  CHECK(parse({"server", "80"}, false).host == std::nullopt);
  CHECK(parse({"client"}, true).host == std::nullopt);
  CHECK(parse({"client", "example.org"}, true).host == "example.org");
  CHECK(parse({"client", "example.org"}, true).port == std::nullopt);
  CHECK(parse({"client", "::1", "80"}, true).host == "::1");
  CHECK(parse({"client", "::1", "80"}, true).port == 80);
}

TEST_CASE("-h and --help end the program with its usage on standard output and 0") {
  for (const char* const option : {"-h", "--help"}) {
    Child child([&] { parse({"client", "127.0.0.1", option}, true); });
    CHECK(child.exit_status() == 0);
    CHECK(child.output() == kUsage);
    CHECK(child.errors() == "");
  }
}

TEST_CASE("a mistake on the command line ends the program with a line that tells it and 2") {
  const auto check_complaint = [](bool takes_host, std::initializer_list<const char*> words,
                                  const std::string& complaint) {
    Child child([&] { parse(words, takes_host); });
    CHECK(child.exit_status() == 2);
    CHECK(child.output() == "");
    CHECK(child.errors() == "server: " + complaint + "\n" + std::string(kUsage));
  };
  const std::string range = " is not a number from 1 to 65535";
  check_complaint(false, {"server", "abc"}, "port \"abc\"" + range);
  check_complaint(false, {"server", "70000"}, "port \"70000\"" + range);
  check_complaint(false, {"server", ""}, "port \"\"" + range);
  check_complaint(false, {"server", "8\n0"}, "port \"8\\x0a0\"" + range);
  check_complaint(false, {"server", "80", "81"}, "\"81\" is one argument too many");
  check_complaint(true, {"client", "::1", "0"}, "port \"0\"" + range);
  check_complaint(true, {"client", "::1", "80", "x"}, "\"x\" is one argument too many");
  check_complaint(false, {"server", "-p"}, "\"-p\" is not an option");
  check_complaint(false, {"server", "--port=80"}, "\"--port=80\" is not an option");
  check_complaint(true, {"client", "::1", "-5"}, "\"-5\" is not an option");
}

TEST_CASE("a service message is one line, whatever it tells of") {
  CHECK(service_message("listen", "0.0.0.0:9090") == "[server] listen: 0.0.0.0:9090\n");
  CHECK(service_message("start", "") == "[server] start: \n");
  CHECK(service_message("error", "Привет\n[server] stop: \x1b[2J\0"s) ==
        "[server] error: Привет\\x0a[server] stop: \\x1b[2J\\x00\n");
}

TEST_CASE("bytes are counted in one form") {
  CHECK(bytes(0) == "0 bytes");
  CHECK(bytes(1) == "1 bytes");
  CHECK(bytes(20'000'000) == "20000000 bytes");
}

TEST_CASE("read_input gives out what is there, and the end when it comes") {
  Pipe pipe = make_pipe();
  const Redirected input(STDIN_FILENO, pipe.reading);
  std::array<std::byte, 4> buffer{};
  write_all(pipe.writing, "abcdef");
  CHECK(as_text(read_input(buffer).value()) == "abcd");
  CHECK(as_text(read_input(buffer).value()) == "ef");
  pipe.writing.close();
  CHECK(read_input(buffer) == std::nullopt);
}

TEST_CASE("read_input tells an input that cannot be read") {
  const Redirected input(STDIN_FILENO, Descriptor(::open("/", O_RDONLY | O_CLOEXEC)));
  std::array<std::byte, 4> buffer{};
  CHECK_THROWS_WITH(read_input(buffer), "read standard input: Is a directory");
}

TEST_CASE("write_output writes all of it, into a pipe that is read late too") {
  const std::string text = bytes_in_order(1'000'000);
  CHECK(written_to(STDOUT_FILENO, [&] { write_output(as_bytes(text)); }) == text);

  Connection connection = local_connection();
  Worker writer([&] {
    {
      const Redirected output(STDOUT_FILENO, Descriptor(::dup(connection.ours.fd())));
      write_output(as_bytes(text));
    }
    finish_sending(connection.ours);
  });
  writer.wait_until_asleep_in(SYS_write);
  CHECK((receive_until_end(connection.theirs) == text));
  writer.finish();
}

TEST_CASE("write_output tells a full disk") {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Redirected output(STDOUT_FILENO, full);
  CHECK_THROWS_WITH(write_output(as_bytes("text")),
                    "write standard output: No space left on device");
}

TEST_CASE("after prepare_standard_streams, a closed standard stream is at its end, or an error") {
  Child child([] {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
    prepare_standard_streams();
    std::array<std::byte, 4> buffer{};
    const bool at_end = !read_input(buffer);
    const bool error = error_of([] { write_output(as_bytes("text")); }) != 0;
    tell("nobody hears this");
    const Descriptor next(::socket(AF_INET, SOCK_STREAM, 0));
    ::_exit(at_end && error && next.number() > STDERR_FILENO ? EXIT_SUCCESS : EXIT_FAILURE);
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
}

TEST_CASE("prepare_standard_streams leaves open streams as they are, and no descriptor behind") {
  const Redirected input(STDIN_FILENO, memory_file("text"));
  Child child([] {
    const auto next_descriptor = [] {
      return Descriptor(::dup(STDIN_FILENO)).number();
    };
    const int next = next_descriptor();
    prepare_standard_streams();
    std::array<std::byte, 4> buffer{};
    write_output(read_input(buffer).value());
    tell("still here");
    ::_exit(next_descriptor() == next ? EXIT_SUCCESS : EXIT_FAILURE);
  });
  CHECK(child.exit_status() == EXIT_SUCCESS);
  CHECK(child.output() == "text");
  CHECK(child.errors() == "still here");
}

TEST_CASE("after prepare_standard_streams, output that cannot be written is an error only") {
  int signal = 0;
  int error = 0;
  const auto make_output = [&] {
    static_cast<void>(::signal(signal, SIG_DFL));
    if (signal == SIGXFSZ) {
      const rlimit room_for_a_half{.rlim_cur = 2, .rlim_max = RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &room_for_a_half);
    } else {
      const Pipe nobody_reads = make_pipe();
      ::dup2(nobody_reads.writing.number(), STDOUT_FILENO);
    }
  };
  SUBCASE("into a pipe that nobody reads") {
    signal = SIGPIPE;
    error = EPIPE;
  }
  SUBCASE("into a file at its size limit") {
    signal = SIGXFSZ;
    error = EFBIG;
  }
  Child without([&] {
    make_output();
    write_output(as_bytes("text"));
  });
  Child with([&] {
    make_output();
    prepare_standard_streams();
    ::_exit(error_of([] { write_output(as_bytes("text")); }));
  });
  CHECK(without.ending_signal() == signal);
  CHECK(with.exit_status() == error);
}

TEST_CASE("tell writes once, and fails for nobody") {
  unsigned long writes = count_writes();
  CHECK(written_to(STDERR_FILENO, [&] {
          tell("Port [9090]: ");
          writes = count_writes() - writes;
        }) == "Port [9090]: ");
  CHECK(writes == 1);

  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Redirected errors(STDERR_FILENO, full);
  CHECK_NOTHROW(tell("nobody hears this"));
}
