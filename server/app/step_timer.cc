// SPDX-License-Identifier: Apache-2.0
#include "server/app/step_timer.h"

#include <algorithm>
#include <utility>

namespace gslbd::server {

StepTimer::StepTimer(uv_loop_t& loop, std::function<std::optional<MonotonicTime>()> next,
                     std::function<void()> step)
    : next_(std::move(next)), step_(std::move(step)) {
  uv_timer_init(&loop, &timer_);
  timer_.data = this;
}

void StepTimer::look() {
  uv_timer_stop(&timer_);
  const auto due = next_();
  if (!due) return;
  const Duration wait = *due - SystemClock().now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_timer_start(
      &timer_,
      [](uv_timer_t* t) {
        auto& self = *static_cast<StepTimer*>(t->data);
        self.step_();
        self.look();
      },
      static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)), 0);
}

void StepTimer::close() {
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

}  // namespace gslbd::server
