// SPDX-License-Identifier: Apache-2.0
#pragma once
// The kinds of traffic whose cost is recorded. Each is a Serving and the queries to ask it, the same on every
// machine: no clock, no random seed from outside.
//
// Thread: one.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/answer/serving.h"
#include "server/query_handler.h"

namespace gslbd::cost {

using Octets = std::vector<std::uint8_t>;

struct Workload {
  std::unique_ptr<const server::Serving> serving;
  std::vector<Octets> queries;
  std::size_t nxdomain = 0;  ///< how many of them have that answer; the others have NOERROR
};

struct NamedWorkload {
  const char* name;
  Workload (*make)();
  std::size_t clients = 0;  ///< how many send it through sockets, the server's part of which is counted too
};

/// Who asks all of it.
server::Asker asker();

std::span<const NamedWorkload> workloads();

}  // namespace gslbd::cost
