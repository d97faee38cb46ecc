#include "network.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "scratch.hpp"

namespace grade::network {
namespace {

constexpr int kNamespaces = CLONE_NEWNET | CLONE_NEWNS;

bool with_private_network = false;
bool with_names = false;

void write_proc(const char* path, const std::string& text) {
  if (std::FILE* file = std::fopen(path, "w")) {
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
}

bool leave_the_machines_network() {
  if (::unshare(kNamespaces) == 0) return true;
  // Not as an ordinary user; but the same in a user namespace of our own, as the same user.
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | kNamespaces) != 0) return false;
  write_proc("/proc/self/setgroups", "deny");
  write_proc("/proc/self/uid_map", user + " " + user + " 1");
  write_proc("/proc/self/gid_map", group + " " + group + " 1");
  return true;
}

// The kernel's table of connections is as large as the machine's memory lets it be, and whoever
// reads /proc/net/tcp waits for the kernel to go through all of it. The networks that are made
// from here have one of their own, which still has room for a connection from every port.
void make_next_tables_small() {
  write_proc("/proc/sys/net/ipv4/tcp_child_ehash_entries", "65536");  // since Linux 6.1
}

bool raise_loopback() {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  bool raised = ::ioctl(descriptor, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  raised = raised && ::ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;
  ::close(descriptor);
  return raised;
}

// Puts a file of our own over /etc/hosts, where only this process and its children see it.
bool bring_names() {
  const std::string hosts = scratch::folder("etc") + "/hosts";
  std::string text = "127.0.0.1 localhost\n::1 localhost\n";
  for (const char* address : {"::1", "127.0.0.8", "127.0.0.9"}) {
    text += address + (" " + kManyAddresses + "\n");
  }
  scratch::write_file(hosts, text);
  return ::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
}

}  // namespace

void make_private() {
  with_private_network = leave_the_machines_network();
  if (with_private_network) {
    make_next_tables_small();
    if (::unshare(CLONE_NEWNET) == 0) make_next_tables_small();
  }
  if (with_private_network && !raise_loopback()) {
    throw std::runtime_error("the grader's own network has no loopback interface");
  }
  // What is mounted from now on is seen by this process and its children alone.
  with_names = with_private_network &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && bring_names();
}

Fresh::Fresh() : before_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (before_ < 0 || ::unshare(CLONE_NEWNET) != 0 || !raise_loopback()) {
    throw std::system_error(errno, std::generic_category(), "a fresh network");
  }
}

Fresh::~Fresh() {
  ::setns(before_, CLONE_NEWNET);
  ::close(before_);
}

bool is_private() {
  return with_private_network;
}

bool has_names() {
  return with_names;
}

}  // namespace grade::network
