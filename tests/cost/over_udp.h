// SPDX-License-Identifier: Apache-2.0
#pragma once
// OverUdp: the queries of a workload sent through loopback sockets to a UdpServer, a full batch at a time,
// client after client. Of all this only the server's part is counted, from the system
// call that receives a batch to the one that answers it: what a worker executes in user space.
//
// Thread: one. Throws std::runtime_error when the sockets do not do their part.

#include <memory>
#include <vector>

#include "server/net/udp.h"
#include "tests/cost/workload.h"

namespace gslbd::cost {

class OverUdp {
 public:
  /// Both outlive this. `clients`: how many send the queries, by turns.
  OverUdp(const std::vector<Octets>& queries, server::QueryHandler& handler, std::size_t clients);

  void run();

 private:
  void serve(std::size_t count);

  const std::vector<Octets>& queries_;
  server::Listeners listeners_;
  server::NetCounters counters_;
  std::unique_ptr<server::UdpServer> server_;
  std::vector<UniqueFd> clients_;
};

}  // namespace gslbd::cost
