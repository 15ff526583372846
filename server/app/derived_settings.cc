// SPDX-License-Identifier: Apache-2.0
#include "server/app/derived_settings.h"

#include <algorithm>
#include <random>
#include <thread>

#include "server/app/environment.h"
#include "server/app/verdict_store.h"

namespace gslbd::server {

std::uint64_t fresh_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

namespace {

// A dead site keeps its probes in flight until they time out; the others must not wait for that.
std::size_t most_probes_in_flight() {
  constexpr std::size_t kAtLeast = 1024;
  return std::max(kAtLeast, raise_descriptor_limit() / 4);
}

std::vector<health::RememberedVerdict> remembered(const Config& config) {
  if (config.state_dir.empty()) return {};
  return VerdictStore(state_dir(config)).load(SystemClock().wall_now());
}

}  // namespace

std::size_t worker_count(const Config& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

health::Monitor::Options monitor_options(const Config& config) {
  return {.max_in_flight = most_probes_in_flight(), .seed = fresh_seed(), .remembered = remembered(config)};
}

RecorderSettings recorder_settings(const Config& c) {
  return {state_dir(c), c.journal, c.hooks, c.name()};
}

std::vector<ListenSpec> listen_specs(const Config& config) {
  std::vector<ListenSpec> specs;
  for (const ListenConfig& l : config.listen) specs.push_back({l.endpoint, PrefixSet(l.proxy_from)});
  return specs;
}

}  // namespace gslbd::server
