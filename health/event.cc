// SPDX-License-Identifier: Apache-2.0
#include "health/event.h"

namespace gslbd::health {

std::string_view event_kind_name(EventKind kind) {
  switch (kind) {
    case EventKind::outcome:
      return "outcome";
    case EventKind::verdict:
      return "verdict";
    case EventKind::held_down:
      return "held_down";
    case EventKind::hold_lost:
      return "hold_lost";
    case EventKind::stale:
      return "stale";
    case EventKind::starved:
      return "starved";
    case EventKind::isolated:
      return "isolated";
    case EventKind::connected:
      return "connected";
  }
  return "unknown";
}

}  // namespace gslbd::health
