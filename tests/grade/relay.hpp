// Relay: stands between a server and its clients, and treats their datagrams as a bad network
// would. A client sends to the relay's port, which passes it on from a port of that client's own;
// the server takes each of these ports for a client. The same seed makes the same decisions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "address.hpp"
#include "loop.hpp"
#include "udp.hpp"

namespace grade {

// Shares of the datagrams, each way.
struct Weather {
  double dropped = 0;
  double doubled = 0;
  double reordered = 0;  // held back until up to 10 others have passed
};

class Relay {
 public:
  Relay(const Address& server, Weather weather, std::uint64_t seed);

  std::uint16_t port() const { return front_.port(); }

  // The weather is another one from now on.
  void turns(Weather weather) { weather_ = weather; }

 private:
  // A UDP socket that passes on at once what it gets.
  class Side : public UdpSocket {
   public:
    using Pass = std::function<void(Datagram)>;
    explicit Side(Pass pass) : pass_(std::move(pass)) { hush(); }

   private:
    void ready(short events) override;
    Pass pass_;
  };

  struct Held {
    int others;  // that have to pass first
    UdpSocket* by;
    Address to;
    std::string bytes;
  };

  void from_client(const Datagram& datagram);
  void pass(UdpSocket& by, const Address& to, const std::string& bytes);
  void deliver(UdpSocket& by, const Address& to, const std::string& bytes);
  bool happens(double share) { return std::bernoulli_distribution(share)(random_); }

  Address server_;
  Weather weather_;
  std::mt19937_64 random_;
  std::vector<Held> held_;
  Side front_;
  std::map<std::string, std::unique_ptr<Side>> backs_;  // by the client's address
};

}  // namespace grade
