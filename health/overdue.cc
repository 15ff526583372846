// SPDX-License-Identifier: Apache-2.0
#include "health/overdue.h"

#include <fmt/format.h>

namespace gslbd::health {

// Nobody needs more than two or three digits of it.
std::string after(Duration since_start) {
  const double ms = to_seconds(since_start) * 1000;
  if (ms < 10) return fmt::format("after {:.1f} ms", ms);
  if (ms < 1000) return fmt::format("after {:.0f} ms", ms);
  return fmt::format("after {:.1f} s", ms / 1000);
}

Outcome overdue(std::string_view so_far, std::string_view missing, Duration timeout) {
  return {Reason::timeout, fmt::format("{}{}no {} within {}", so_far, so_far.empty() ? "" : ", then ",
                                       missing, format_duration(timeout))};
}

}  // namespace gslbd::health
