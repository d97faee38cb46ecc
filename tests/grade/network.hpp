// A network of the grader's own: a namespace with nothing in it but a loopback interface, where
// every port is free and nobody else comes. See network_namespaces(7) and user_namespaces(7).

#pragma once

#include <string>

namespace grade::network {

// Moves the grader, and all it starts from now on, into one. Where that is not allowed everything
// stays as it is, on the machine's own loopback interface with ports that the system gives.
void make_private();

bool is_private();

// As long as it lives: a network that nothing has happened in yet, without connections of before in
// TIME_WAIT. Only for who has a private one already.
class Fresh {
 public:
  Fresh();  // throws std::system_error
  ~Fresh();
  Fresh(const Fresh&) = delete;
  Fresh& operator=(const Fresh&) = delete;

 private:
  int before_;  // a descriptor of the network to return to
};

// A name with three addresses: ::1, 127.0.0.8 and 127.0.0.9. Only a private network has it.
inline const std::string kManyAddresses = "many.example";
bool has_names();

}  // namespace grade::network
