// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Prometheus metrics: their names, help and labels, and the text that /metrics answers.
//
// MetricsView is a plain picture of the moment, which the program fills from published state and counters;
// nothing here reaches into another thread. A check without a verdict has no gslbd_check_up sample: 0 would
// raise alarms at every start, and -1 or NaN would spoil each avg() and sum(); that it is unknown shows in
// gslbd_pool_members{state="unknown"}.
//
// metrics.cc is the only file that knows the metrics library. Thread: any.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/net/counters.h"

namespace prometheus {
class Collectable;
}

namespace gslbd::server {

struct MetricsView {
  struct Response {
    std::string rcode;  ///< by name: "NOERROR"
    std::uint64_t count = 0;
  };
  struct Cookies {
    std::string state;
    std::uint64_t count = 0;
  };
  struct RateLimited {
    std::string answer_class;
    std::string action;
    std::uint64_t count = 0;
  };
  struct Check {
    std::string check;
    std::string target;
    std::optional<bool> up;  ///< nullopt: unknown
    std::optional<double> last_outcome_timestamp_s;
  };
  struct Probes {
    std::string check;
    std::string target;
    std::string outcome;  ///< "pass", or the reason of the failure
    std::uint64_t count = 0;
  };
  /// All targets of a check together: a histogram per target would be too many series.
  struct CheckDuration {
    struct Bucket {
      double upper_s = 0;
      std::uint64_t cumulative = 0;  ///< with those of the smaller buckets
    };
    std::string check;
    std::vector<Bucket> buckets;  ///< ascending, without infinity
    double sum_s = 0;
    std::uint64_t count = 0;
  };
  struct Pool {
    std::string pool;
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    std::uint64_t unknown = 0;
    std::uint64_t drained = 0;  ///< in none of the others
  };
  struct Forced {
    std::string scope;  ///< "site", "pool", "member" or "target"
    std::string name;   ///< "fra", "www 192.0.2.10"
    std::string state;  ///< "up", "down" or "drain"
  };
  struct Answers {
    std::string pool;
    std::string site;
    std::uint64_t count = 0;
  };
  struct Zone {
    std::string zone;
    std::uint32_t serial = 0;
  };

  /// The share of a window that a target, or a site, was up; nothing of what is not known.
  struct Uptime {
    std::string check;   ///< empty: of the site
    std::string target;  ///< likewise
    std::string site;
    std::string window;  ///< "1h"
    double ratio = 0;
  };
  struct Hook {
    std::string hook;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::uint64_t retried = 0;
    std::uint64_t dropped = 0;  ///< events
  };
  /// A thread of this program that the watchdog watches.
  struct Thread {
    std::string name;
    bool stuck = false;
  };
  struct Journal {
    std::uint64_t written = 0;
    std::uint64_t queue_full = 0;
    std::uint64_t write_failed = 0;
  };

  /// How the prober itself is doing.
  struct Prober {
    bool isolated = false;
    std::array<bool, 2> isolated_from{};  ///< IPv4, IPv6
    bool starved = false;
    bool stuck = false;
    std::uint64_t targets = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t doubted = 0;
    std::uint64_t isolations = 0;
    std::uint64_t stale = 0;
    std::uint64_t holds_lost = 0;
    CheckDuration lateness;  ///< of all checks together
  };

  // Known without the main thread.
  std::vector<Check> checks;
  std::vector<Probes> probes;
  std::vector<CheckDuration> durations;
  Prober prober;
  std::vector<Uptime> uptimes;
  std::vector<Hook> hooks;
  Journal journal;
  std::vector<Thread> threads;

  // The main thread's part; false: it does not answer. Then there are no samples of it: a counter that falls
  // to 0 would say that the program had started anew.
  bool of_main = true;
  std::string version;
  double start_time_s = 0;  ///< since the epoch
  NetTotals net;
  std::vector<Response> responses;
  std::uint64_t truncated = 0;
  std::uint64_t ignored = 0;  ///< messages that must not be answered
  std::uint64_t edns = 0;
  std::uint64_t access_refused = 0;
  std::vector<Cookies> cookies;
  std::vector<RateLimited> rate_limited;
  std::uint64_t rate_limit_exempt = 0;
  std::vector<Pool> pools;
  std::vector<Forced> forced;
  std::vector<Answers> answers;
  std::vector<Zone> zones;
  std::uint64_t config_generation = 0;
  bool last_reload_successful = true;
  std::uint64_t last_reload_zones_read = 0;
  double last_reload_duration_s = 0;
  std::uint64_t reloads_succeeded = 0;
  std::uint64_t reloads_failed = 0;
};

/// The Content-Type of the text.
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// The text exposition format of everything in the view.
std::string render_metrics(const MetricsView& view);

/// For a prometheus-cpp exposer or registry: takes a fresh view at each scrape.
std::shared_ptr<prometheus::Collectable> make_collectable(std::function<MetricsView()> take_view);

}  // namespace gslbd::server
