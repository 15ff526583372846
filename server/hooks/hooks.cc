// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/hooks.h"

#include <algorithm>

#include "server/hooks/hook.h"

namespace gslbd::server {
namespace {

// What hooks of one name have done is one figure, whatever became of their settings.
void add(const HookCounters& c, std::vector<HookCounters>& to) {
  auto found = std::ranges::find(to, c.hook, &HookCounters::hook);
  if (found == to.end()) found = to.insert(to.end(), HookCounters{.hook = c.hook});
  found->delivered += c.delivered;
  found->failed += c.failed;
  found->retried += c.retried;
  found->dropped += c.dropped;
}

}  // namespace

Hooks::Hooks() = default;

Hooks::~Hooks() {
  stop();
}

void Hooks::configure(const std::vector<HookSettings>& hooks, const std::string& server) {
  collect_retired(/*wait=*/false);
  // Only here hooks_ is changed, so it may be read without the lock, which is for those who tell: they do not
  // wait until threads have started.
  std::vector<std::shared_ptr<Hook>> next;
  for (const HookSettings& settings : hooks) {
    const auto same = std::ranges::find_if(
        hooks_, [&](const auto& hook) { return hook->settings() == settings && hook->server() == server; });
    next.push_back(same != hooks_.end() ? *same : std::make_shared<Hook>(settings, server));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& hook : hooks_) {
    if (std::ranges::find(next, hook) != next.end()) continue;
    hook->end_by(SystemClock().now() + kGrace);
    retired_.push_back(hook);
  }
  hooks_ = std::move(next);
}

void Hooks::tell(const Entry& entry) {
  const std::lock_guard lock(mutex_);
  for (const auto& hook : hooks_) hook->tell(entry);
}

void Hooks::stop() {
  configure({}, {});
  collect_retired(/*wait=*/true);
}

void Hooks::collect_retired(bool wait) {
  std::vector<std::shared_ptr<Hook>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending = retired_;
  }
  for (const auto& hook : ending) {
    if (!wait && !hook->ended()) continue;
    hook->join();
    const std::lock_guard lock(mutex_);
    add(hook->counters(), past_);
    std::erase(retired_, hook);
  }
}

std::vector<HookCounters> Hooks::counters() const {
  const std::lock_guard lock(mutex_);
  std::vector<HookCounters> all = past_;
  for (const auto& hook : retired_) add(hook->counters(), all);
  for (const auto& hook : hooks_) add(hook->counters(), all);
  return all;
}

}  // namespace gslbd::server
