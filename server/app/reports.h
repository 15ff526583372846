// SPDX-License-Identifier: Apache-2.0
#pragma once
// What others than the main loop tell of themselves: the health thread of its targets, the recorder of
// uptime, journal and hooks. With thousands of targets that is most of /metrics and of /api/v1/status, and
// none of it is main's: it is gathered and turned into text by the thread that was asked, while main goes on
// with verdicts.
//
// Thread: any.

#include <vector>

#include "core/json.h"
#include "health/engine_stats.h"
#include "health/monitor.h"
#include "health/target.h"
#include "server/admin/metrics.h"
#include "server/control/forced_states.h"
#include "server/journal/recorder.h"

namespace gslbd::server {

struct Reports {
  std::vector<health::TargetStatus> targets;
  health::EngineStats engine;
  std::vector<UptimeFigures> uptime;
  RecorderCounters recorder;
};

Reports gather_reports(const health::Monitor& monitor, const Recorder& recorder);

/// Adds them to what status_json() made; `forced` is what is shown beside the targets.
void add_reports(const Reports& reports, const ForcedStates& forced, Json& status);
/// Adds them to what metrics_view() made.
void add_reports(const Reports& reports, MetricsView& view);

/// What is forced, as it stands beside the real state; null when nothing is.
Json forced_json(const ForcedEntry* entry);

}  // namespace gslbd::server
