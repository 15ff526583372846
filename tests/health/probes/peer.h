// SPDX-License-Identifier: Apache-2.0
#pragma once
// A peer on a loopback port of the kernel's choice that answers each datagram, or each DNS message on a TCP
// connection, with what the test says.
//
// Thread: made and ended by the test; the reply function runs on the peer's thread.

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/unique_fd.h"

namespace gslbd::test {

class Peer {
 public:
  /// What goes back: each string is a datagram, or is written to the connection as it is.
  using Respond = std::function<std::vector<std::string>(const std::string& request)>;
  enum class Over { udp, tcp };

  explicit Peer(Respond respond, Over over = Over::udp, const std::string& address = "127.0.0.1");
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  void serve_udp();
  void serve_tcp();
  bool wait();

  Respond respond_;
  UniqueFd socket_;
  UniqueFd stop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A port of UDP that nobody has.
std::uint16_t closed_udp_port();

}  // namespace gslbd::test
