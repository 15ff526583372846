// SPDX-License-Identifier: Apache-2.0
// How much CPU probing takes: `probe_load [targets] [seconds] [port] [type]` probes that many addresses under
// 127.1.0.0/16 once a second and prints what the process used and saw. A web server must listen on
// 0.0.0.0:port. Not part of the test suite: the figure belongs to the machine it was taken on.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <semaphore>
#include <string>

#include "core/log.h"
#include "health/check_type.h"
#include "health/monitor.h"

using namespace gslbd;
using namespace gslbd::health;

namespace {

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

double user_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec) + static_cast<double>(u.ru_utime.tv_usec) * 1e-6;
}

Address loopback(int i) {
  const std::uint8_t bytes[4] = {127, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
  return Address::from_v4(bytes);
}

std::uint64_t total_probes(const Monitor& monitor) {
  std::uint64_t total = 0;
  for (const auto& status : monitor.status()) total += status.counts.total();
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  const int targets = argc > 1 ? std::atoi(argv[1]) : 2000;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 10;
  const int port = argc > 3 ? std::atoi(argv[3]) : 8080;
  log::set_level(log::Level::warning);

  Diagnostics diagnostics;
  const std::string file = "probe_load";
  const std::string type = argc > 4 ? argv[4] : "http";
  const Json json = {{"type", type}, {"port", port}, {"interval", "1s"}};
  const auto check = read_check(JsonView(json, file, diagnostics), "load");
  if (!check || targets < 1 || targets > 65535 || seconds < 1) return std::puts("bad arguments"), 2;
  const auto shared = std::make_shared<const Check>(*check);
  std::vector<TargetSpec> plan;
  for (int i = 0; i < targets; ++i) plan.push_back({shared, loopback(i)});

  std::binary_semaphore first_round(0);
  Monitor monitor({}, {.on_change = {}, .on_first_round = [&] { first_round.release(); }});
  monitor.apply(plan);
  first_round.acquire();
  const double cpu_before = cpu_seconds();
  const double user_before = user_seconds();
  const std::uint64_t probes_before = total_probes(monitor);
  const auto begin = std::chrono::steady_clock::now();
  std::binary_semaphore never(0);
  (void)never.try_acquire_for(std::chrono::seconds(seconds));
  const double elapsed = to_seconds(std::chrono::steady_clock::now() - begin);
  const double cpu = cpu_seconds() - cpu_before;
  const double user = user_seconds() - user_before;
  const auto status = monitor.status();
  const auto probes = static_cast<double>(total_probes(monitor) - probes_before);
  int up = 0;
  for (const auto& s : status) up += s.verdict == Verdict::up ? 1 : 0;
  std::printf("%d targets, %.0f probes/s, %.1f%% of a core (%.1f%% user), %.1f us a probe, %d up\n", targets,
              probes / elapsed, 100 * cpu / elapsed, 100 * user / elapsed, 1e6 * cpu / probes, up);
}
