// SPDX-License-Identifier: Apache-2.0
// Fills the picture that server/admin/metrics.h renders.
#include <fmt/format.h>

#include <set>
#include <tuple>

#include "server/app/program.h"
#include "server/app/status.h"

namespace gslbd::server {
namespace {

void add_pools(const Steering& steering, MetricsView& view) {
  for (std::uint32_t p = 0; p < steering.pools().size(); ++p) {
    MetricsView::Pool pool{steering.pools()[p].name, 0, 0, 0, 0};
    const PoolState& state = steering.state(p);
    for (std::uint32_t m = 0; m < state.members.size(); ++m) {
      const health::Verdict v = state.members[m];
      ++(state.is_drained(m)          ? pool.drained
         : v == health::Verdict::up   ? pool.up
         : v == health::Verdict::down ? pool.down
                                      : pool.unknown);
    }
    view.pools.push_back(std::move(pool));
  }
}

// An operator and a window may force the same of one scope: one series says both.
void add_forced(const ForcedStates& forced, MetricsView& view) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const ForcedEntry& entry : forced.all()) {
    MetricsView::Forced f{std::string(entry.scope.kind_name()), entry.scope.label(),
                          std::string(forced_state_name(entry.state))};
    if (seen.emplace(f.scope, f.name, f.state).second) view.forced.push_back(std::move(f));
  }
}

void add_protection(const ResponseTotals& totals, MetricsView& view) {
  view.truncated = totals.truncated;
  view.ignored = totals.dropped;
  view.edns = totals.edns;
  view.access_refused = totals.access_refused;
  for (std::size_t i = 1; i < kCookieStates; ++i) {  // queries without a cookie are not counted
    view.cookies.push_back({std::string(kCookieStateNames[i]), totals.cookies[i]});
  }
  for (std::size_t c = 0; c < kAnswerClassNames.size(); ++c) {
    // The first outcome is "within": not limited.
    for (std::size_t o = 1; o < kRateOutcomeNames.size(); ++o) {
      view.rate_limited.push_back({std::string(kAnswerClassNames[c]), std::string(kRateOutcomeNames[o]),
                                   totals.rate_limit.responses[c][o]});
    }
  }
  view.rate_limit_exempt = totals.rate_limit.exempt;
}

}  // namespace

std::string rcode_name(std::size_t rcode) {
  switch (rcode) {  // RFC 6895 §2.3
    case 0:
      return "NOERROR";
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 3:
      return "NXDOMAIN";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    case 6:
      return "YXDOMAIN";
    case 9:
      return "NOTAUTH";
    case 16:
      return "BADVERS";
    case 23:
      return "BADCOOKIE";  // RFC 7873 §8
    default:
      return fmt::format("RCODE{}", rcode);
  }
}

MetricsView metrics_view(const StatusFacts& facts) {
  MetricsView view;
  view.version = version();
  view.start_time_s = to_seconds(facts.started_at.time_since_epoch());
  view.net = facts.net;
  for (const std::size_t r : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 9U, 16U, 23U}) {
    view.responses.push_back({rcode_name(r), facts.responses.by_rcode[r]});
  }
  add_protection(facts.responses, view);
  add_pools(facts.state.steering(), view);
  if (facts.control != nullptr) add_forced(facts.control->forced(), view);
  for (const auto& [key, count] : facts.state.answer_totals())
    view.answers.push_back({key.first, key.second, count});
  for (const LoadedZone& z : facts.state.loaded().zones) {
    view.zones.push_back({z.zone->apex().to_string(), z.zone->serial()});
  }
  view.config_generation = facts.state.generation();
  view.last_reload_successful = facts.last_reload.successful;
  view.last_reload_zones_read = facts.last_reload.zones_read;
  view.last_reload_duration_s = to_seconds(facts.last_reload.took);
  view.reloads_succeeded = facts.reloads_succeeded;
  view.reloads_failed = facts.reloads_failed;
  return view;
}

}  // namespace gslbd::server
