// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check type push is told, and what a heartbeat is worth: the one decision of that type, pure.
//
// Thread: immutable once read; any.

#include <string>

#include "core/result.h"
#include "health/check.h"
#include "health/heartbeats.h"
#include "health/outcome.h"

namespace gslbd::health {

struct PushOptions final : CheckOptions {
  Duration within = std::chrono::seconds(30);  ///< silence for longer than this is a failure
  std::string
      token_file;  ///< whose first line opens the way for heartbeats; empty: only the admin's token does
};

/// `last` is null when none was heard since the program started; `asked_since` is when it was first asked
/// for. For `within` after that there is no evidence (Reason::unheard): a restart takes nobody down.
Outcome judge_heartbeat(const Heartbeat* last, MonotonicTime asked_since, MonotonicTime now, Duration within);

/// The first line of the file: at least 16 printable ASCII characters. Blocks on the disk: not for the loop.
Result<std::string> read_push_token(const std::string& file);

}  // namespace gslbd::health
