// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the main loop tells of the server: its part of the JSON of /api/v1/status and of the metrics. The
// other part, the larger one, is in reports.h. While main is asked it does nothing else: what costs time and
// needs no fact of main's does not belong here.
//
// Thread: main.

#include <array>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "server/admin/metrics.h"
#include "server/answer/responder.h"
#include "server/app/reloader.h"
#include "server/app/state.h"
#include "server/control/control.h"
#include "server/net/counters.h"

namespace gslbd::server {

/// Responses of all workers.
struct ResponseTotals {
  std::array<std::uint64_t, ResponseCounters::kRcodes> by_rcode{};
  std::uint64_t truncated = 0;
  std::uint64_t dropped = 0;
  std::uint64_t edns = 0;
  std::uint64_t access_refused = 0;
  std::array<std::uint64_t, kCookieStates> cookies{};
  RateLimitTotals rate_limit;
  void add(const ResponseCounters& worker);
};

/// A moment of the main loop. The references hold only while that loop stands still.
struct StatusFacts {
  const State& state;
  const ReloadReport& last_reload;
  NetTotals net;
  ResponseTotals responses;
  WallTime started_at{};
  bool answering = false;
  std::uint64_t reloads_succeeded = 0;
  std::uint64_t reloads_failed = 0;
  std::vector<Endpoint> listen{};
  std::vector<std::string_view> waiting_for_restart{};  ///< keys of the configuration
  const Control* control = nullptr;                     ///< what is forced; null: nothing
};

class StatusSource {
 public:
  virtual ~StatusSource() = default;
  virtual StatusFacts facts() const = 0;
};

Json status_json(const StatusFacts& facts);
MetricsView metrics_view(const StatusFacts& facts);

/// "NOERROR"; "RCODE17" for one without a name.
std::string rcode_name(std::size_t rcode);

}  // namespace gslbd::server
