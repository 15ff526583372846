// SPDX-License-Identifier: Apache-2.0
#pragma once
// StepTimer: calls back when the next step of a slow start is due. Ask it to look again whenever that may
// have changed.
//
// Thread: the loop's.

#include <uv.h>

#include <functional>
#include <optional>

#include "core/time.h"

namespace gslbd::server {

class StepTimer {
 public:
  /// `next` tells when the next step is due; `step` takes it.
  StepTimer(uv_loop_t& loop, std::function<std::optional<MonotonicTime>()> next, std::function<void()> step);

  void look();
  void close();

 private:
  std::function<std::optional<MonotonicTime>()> next_;
  std::function<void()> step_;
  uv_timer_t timer_{};
};

}  // namespace gslbd::server
