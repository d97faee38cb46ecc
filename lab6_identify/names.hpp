// Who is at which IP address: the file names.tsv, "IP<TAB>NAME" a line.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>
#include <string_view>

#include "name.hpp"
#include "table_file.hpp"

// True for an address as host_of() writes it: fe80::1%eth0 is one, too.
inline bool is_ip_address(std::string_view text) {
  const std::string digits(text.substr(0, text.find('%')));
  in6_addr address{};  // has room for either family
  return ::inet_pton(AF_INET, digits.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, digits.c_str(), &address) == 1;
}

inline TableFile open_names() {
  return TableFile("names.tsv", [](std::string_view ip, std::string_view name) {
    return is_ip_address(ip) && is_name(name);
  });
}
