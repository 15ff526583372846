// SPDX-License-Identifier: Apache-2.0
#include "health/side_work.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/signals_blocked.h"
#include "health/uv_loop.h"

namespace gslbd::health {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr std::chrono::milliseconds kLastWait{200};

}  // namespace

struct SideWork::State {
  /// Jobs that wait; a lane is in the map while it has such or one that runs.
  using Lane = std::deque<Job>;

  std::mutex mutex;  // guards all of it
  std::condition_variable wake;
  std::condition_variable ended;
  UvLoop* loop;  // null: it is gone
  std::map<std::string, Lane> lanes;
  std::deque<std::string> ready;  // lanes with a job that nobody runs
  int threads = 0;
  int idle = 0;

  explicit State(UvLoop& l) : loop(&l) {}
  static void serve(const std::shared_ptr<State>& self);
  void run_one(std::unique_lock<std::mutex>& lock);
};

// Returns when there was nothing to do for a while, or the loop is gone.
void SideWork::State::serve(const std::shared_ptr<State>& self) {
  std::unique_lock lock(self->mutex);
  while (self->loop != nullptr) {
    ++self->idle;
    const bool woken =
        self->wake.wait_for(lock, kIdle, [&] { return self->loop == nullptr || !self->ready.empty(); });
    --self->idle;
    if (!woken) break;
    if (self->loop != nullptr) self->run_one(lock);
  }
  --self->threads;
  self->ended.notify_all();
}

void SideWork::State::run_one(std::unique_lock<std::mutex>& lock) {
  const std::string name = std::move(ready.front());
  ready.pop_front();
  Job job = std::move(lanes.at(name).front());
  lanes.at(name).pop_front();
  lock.unlock();
  Done done = job();
  job = nullptr;
  lock.lock();
  if (loop == nullptr) return;
  if (done) loop->post(std::move(done));
  const auto lane = lanes.find(name);
  if (lane->second.empty()) {
    lanes.erase(lane);
  } else {
    ready.push_back(name);
  }
}

SideWork::SideWork(UvLoop& loop) : state_(std::make_shared<State>(loop)) {}

SideWork::~SideWork() {
  std::unique_lock lock(state_->mutex);
  state_->loop = nullptr;
  state_->lanes.clear();
  state_->ready.clear();
  state_->wake.notify_all();
  state_->ended.wait_for(lock, kLastWait, [this] { return state_->threads == 0; });
}

void SideWork::run(const std::string& lane, Job job) {
  const std::lock_guard lock(state_->mutex);
  const auto [at, is_new] = state_->lanes.try_emplace(lane);
  at->second.push_back(std::move(job));
  if (is_new) state_->ready.push_back(lane);  // else it follows the one before it
  state_->wake.notify_one();
  if (state_->idle >= static_cast<int>(state_->ready.size()) || state_->threads == kThreads) return;
  const SignalsBlocked blocked;
  try {
    std::thread thread([state = state_] { State::serve(state); });
    pthread_setname_np(thread.native_handle(), "health-files");
    thread.detach();
    ++state_->threads;
  } catch (const std::system_error&) {
    // None to be had now: the job waits for one that there is, or for the next call.
  }
}

}  // namespace gslbd::health
