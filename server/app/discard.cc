// SPDX-License-Identifier: Apache-2.0
#include "server/app/discard.h"

namespace gslbd::server {
namespace {

struct Job {
  uv_work_t work{};
  std::shared_ptr<const void> what;
};

}  // namespace

void discard(uv_loop_t& loop, std::shared_ptr<const void> what) {
  auto job = std::make_unique<Job>();
  job->what = std::move(what);
  job->work.data = job.get();
  const int status = uv_queue_work(
      &loop, &job->work, [](uv_work_t* w) { static_cast<Job*>(w->data)->what.reset(); },
      [](uv_work_t* w, int) { delete static_cast<Job*>(w->data); });
  if (status == 0) (void)job.release();  // the second callback deletes it
}

}  // namespace gslbd::server
