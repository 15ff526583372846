// SPDX-License-Identifier: Apache-2.0
#pragma once
// What others than the main loop tell of themselves: the health thread of its targets, the recorder of
// uptime, journal and hooks, the watchdog of every thread. With thousands of targets that is most of /metrics
// and of /api/v1/status, and none of it is main's: it is gathered and turned into text by the thread that was
// asked, while main goes on with verdicts.
//
// Thread: any.

#include <vector>

#include "core/json.h"
#include "health/engine_stats.h"
#include "health/monitor.h"
#include "health/target.h"
#include "server/admin/metrics.h"
#include "server/app/watchdog.h"
#include "server/control/forced_states.h"
#include "server/journal/recorder.h"

namespace gslbd::server {

struct Reports {
  std::vector<health::TargetStatus> targets;
  health::EngineStats engine;
  std::vector<UptimeFigures> uptime;
  RecorderCounters recorder;
  std::vector<ThreadReport> threads;
};

Reports gather_reports(const health::Monitor& monitor, const Recorder& recorder, const Watchdog& watchdog);

/// The health thread is lost: what it said of its targets is not shown as if it still held.
void disbelieve(std::vector<health::TargetStatus>& targets);

/// Adds them to what status_json() made; `forced` is what is shown beside the targets.
void add_reports(const Reports& reports, const ForcedStates& forced, Json& status);
/// Adds them to what metrics_view() made, or to a view that main has no part in, since it does not answer.
void add_reports(const Reports& reports, MetricsView& view);

/// What is forced, as it stands beside the real state; null when nothing is.
Json forced_json(const ForcedEntry* entry);

}  // namespace gslbd::server
