// SPDX-License-Identifier: Apache-2.0
#include "server/app/verdict_keeper.h"

#include "core/log.h"
#include "server/app/verdict_store.h"

namespace gslbd::server {

struct VerdictKeeper::Job {
  uv_work_t work{};
  VerdictKeeper* owner = nullptr;
  VerdictStore store;
  std::string content;
  Result<void> result;
};

VerdictKeeper::VerdictKeeper(uv_loop_t& loop, const health::Monitor& monitor,
                             std::function<std::string()> state_dir)
    : loop_(loop), monitor_(monitor), state_dir_(std::move(state_dir)) {
  uv_timer_init(&loop_, &timer_);
  timer_.data = this;
}

VerdictKeeper::~VerdictKeeper() = default;

void VerdictKeeper::start() {
  constexpr std::uint64_t kTick_ms = 1000;
  uv_timer_start(
      &timer_, [](uv_timer_t* t) { static_cast<VerdictKeeper*>(t->data)->tick(); }, kTick_ms, kTick_ms);
}

void VerdictKeeper::tick() {
  const std::string directory = state_dir_();
  if (directory.empty() || job_ || !health_answers()) return;
  constexpr auto kDue_ms =
      static_cast<std::uint64_t>(std::chrono::milliseconds(VerdictStore::kWrittenEvery).count());
  if (!changed_ && saved_at_ms_ != 0 && uv_now(&loop_) - saved_at_ms_ < kDue_ms) return;
  changed_ = false;
  saved_at_ms_ = uv_now(&loop_);
  job_ = std::make_unique<Job>(Job{{},
                                   this,
                                   VerdictStore(directory),
                                   VerdictStore::serialize(monitor_.status(), SystemClock().wall_now()),
                                   {}});
  job_->work.data = job_.get();
  uv_queue_work(
      &loop_, &job_->work,
      [](uv_work_t* w) {
        auto& job = *static_cast<Job*>(w->data);
        job.result = job.store.save(job.content);
      },
      [](uv_work_t* w, int) {
        const std::unique_ptr<Job> job = std::move(static_cast<Job*>(w->data)->owner->job_);
        if (!job->result) log::warning("{}", job->result.error().message);
        if (job->owner->closing_) job->owner->save_now();
      });
}

// A health thread that hangs would be waited for, and its old verdicts be written down as those of now.
bool VerdictKeeper::health_answers() const {
  constexpr std::chrono::seconds kFresh{1};
  return monitor_.silence() < kFresh;
}

void VerdictKeeper::close() {
  closing_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  if (!job_) save_now();  // else when that write has ended, or the two would share a file
}

void VerdictKeeper::save_now() {
  const std::string directory = state_dir_();
  if (directory.empty() || !health_answers()) return;
  const auto saved =
      VerdictStore(directory).save(VerdictStore::serialize(monitor_.status(), SystemClock().wall_now()));
  if (!saved) log::warning("{}", saved.error().message);
}

}  // namespace gslbd::server
