// SPDX-License-Identifier: Apache-2.0
#include "server/cli/probe_loss.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "health/check_type.h"
#include "health/false_downs.h"
#include "server/steering/steering.h"

namespace gslbd::server {
namespace {

constexpr double kHour_s = 3600, kDay_s = 24 * kHour_s, kYear_s = 365.25 * kDay_s;

std::string span_text(double seconds) {
  if (std::isinf(seconds)) return "never";
  if (seconds < 2 * 60) return fmt::format("every {:.0f} seconds", seconds);
  if (seconds < 2 * kHour_s) return fmt::format("every {:.0f} minutes", seconds / 60);
  if (seconds < 2 * kDay_s) return fmt::format("every {:.1f} hours", seconds / kHour_s);
  if (seconds < 2 * kYear_s) return fmt::format("every {:.1f} days", seconds / kDay_s);
  return fmt::format("every {:.3g} years", seconds / kYear_s);
}

std::string times_a_year(double times) {
  return times >= 10 ? fmt::format("{:.0f} times a year", times) : fmt::format("{:.3g} times a year", times);
}

}  // namespace

Result<double> parse_loss(const std::string& text) {
  char* end = nullptr;
  double loss = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  if (end == text.c_str() || (!unit.empty() && unit != "%")) {
    return fail("\"" + text + "\" is not a share such as 1% or 0.01");
  }
  if (unit == "%") loss /= 100;
  if (!(loss >= 0 && loss <= 0.99)) return fail("\"" + text + "\" is outside 0% to 99%");
  return loss;
}

std::string false_down_report(const std::vector<Pool>& pools, double loss) {
  struct Use {
    const health::Check* check;
    std::size_t targets;
  };
  const Steering steering(pools);
  std::map<std::string, Use> uses;
  for (const health::TargetSpec& target : steering.targets()) {
    if (!target.check->type->crosses_network) continue;
    ++uses.try_emplace(target.check->name, Use{target.check.get(), 0}).first->second.targets;
  }
  std::string out = fmt::format(
      "with {:.4g}% of all probes lost at random, a healthy target would be taken down:\n", 100 * loss);
  double all_per_year = 0;
  for (const auto& [name, use] : uses) {
    const health::FalseDowns downs = health::false_downs(*use.check, loss);
    const double per_year = downs.per_year() * static_cast<double>(use.targets);
    all_per_year += per_year;
    out += fmt::format("  {}: {}, by {} losses in a row; its {} target{} together {}\n", name,
                       span_text(downs.every_s), use.check->fall, use.targets, use.targets == 1 ? "" : "s",
                       times_a_year(per_year));
  }
  return out + fmt::format("  all checks: {}\n", times_a_year(all_per_year));
}

}  // namespace gslbd::server
