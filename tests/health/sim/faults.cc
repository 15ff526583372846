// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/faults.h"

#include <algorithm>
#include <cmath>

namespace gslbd::health::sim {
namespace {

Duration seconds(double s) {
  return Duration(static_cast<Duration::rep>(s * 1e9));
}

// Exponential gaps: faults know nothing of each other.
Duration gap(Random& random, Duration mean) {
  return seconds(-std::log(1.0 - random.unit()) * to_seconds(mean)) + std::chrono::seconds(1);
}

// From a second to the longest, each order of magnitude as likely as another.
Duration length(Random& random, Duration longest) {
  return seconds(std::exp(random.unit() * std::log(to_seconds(longest))));
}

std::vector<Span> spans(Random& random, Duration mean, Duration longest, MonotonicTime begin,
                        MonotonicTime end) {
  std::vector<Span> out;
  for (MonotonicTime t = begin + gap(random, mean); t < end; t += gap(random, mean)) {
    const Duration lasts = length(random, longest);
    out.push_back({t, t + lasts});
    t += lasts;
  }
  return out;
}

}  // namespace

const Fault* Truth::fault_of(const Address& address, MonotonicTime t) const {
  const auto found = faults.find(address);
  if (found == faults.end()) return nullptr;
  // The last that began; they do not overlap.
  auto it = std::upper_bound(found->second.begin(), found->second.end(), t,
                             [](MonotonicTime a, const Fault& f) { return a < f.when.from; });
  if (it == found->second.begin()) return nullptr;
  --it;
  return it->when.contains(t) ? &*it : nullptr;
}

bool Truth::any(const std::vector<Span>& list, MonotonicTime a, MonotonicTime b) const {
  return std::any_of(list.begin(), list.end(), [&](const Span& s) { return s.overlaps(a, b); });
}

Truth draw(const std::vector<Site>& sites, const Weather& weather, MonotonicTime begin, MonotonicTime end,
           std::uint64_t seed) {
  Random random(seed);
  Truth truth;
  for (const Site& site : sites) {
    const auto of_site = spans(random, weather.per_site, weather.longest, begin, end);
    std::vector<FaultKind> kinds;
    for (std::size_t i = 0; i < of_site.size(); ++i) kinds.push_back(static_cast<FaultKind>(random.below(2)));
    for (const Address& address : site.addresses) {
      std::vector<Fault>& list = truth.faults[address];
      for (const Span& s : spans(random, weather.per_address, weather.longest, begin, end)) {
        list.push_back({s, static_cast<FaultKind>(random.below(kFaultKinds)), 0.1 + 0.4 * random.unit()});
      }
      // The site's faults lie over those of its addresses.
      for (std::size_t i = 0; i < of_site.size(); ++i) {
        std::erase_if(list, [&](const Fault& f) { return f.when.overlaps(of_site[i].from, of_site[i].to); });
        list.push_back({of_site[i], kinds[i], 0.0});
      }
      std::sort(list.begin(), list.end(),
                [](const Fault& a, const Fault& b) { return a.when.from < b.when.from; });
      for (const Span& s : spans(random, weather.forgotten, std::chrono::seconds(1), begin, end)) {
        truth.forgotten[address].push_back(s.from);
      }
    }
  }
  truth.unplugged = spans(random, weather.unplugged, std::chrono::minutes(10), begin, end);
  truth.starved = spans(random, weather.starved, std::chrono::minutes(2), begin, end);
  for (const Span& s : spans(random, weather.clock_step, std::chrono::seconds(1), begin, end)) {
    truth.clock_steps.push_back(s.from);
  }
  return truth;
}

}  // namespace gslbd::health::sim
