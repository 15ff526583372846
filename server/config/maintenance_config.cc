// SPDX-License-Identifier: Apache-2.0
#include "server/config/maintenance_config.h"

#include <array>
#include <optional>

#include "server/control/requests.h"

namespace gslbd::server {

struct MaintenanceDraft : ScopeDraft {
  MaintenanceWindow window;
  std::optional<LocalTime> from;
  std::optional<LocalTime> to;
  bool has_weekly = false;
};

namespace {

void read_weekly(const JsonView& v, MaintenanceDraft& d) {
  d.has_weekly = true;
  const auto add = [&](const JsonView& element) {
    const auto text = read_string(element);
    if (!text) return;
    const auto weekly = parse_weekly(*text);
    if (!weekly) return element.error(weekly.error().message);
    d.window.weekly.push_back(*weekly);
  };
  if (!v.json().is_array()) return add(v);
  if (v.json().empty()) return v.expected("at least one weekly window");
  for (std::size_t i = 0; i < v.json().size(); ++i) add(v.element(i));
}

std::optional<LocalTime> read_local_time(const JsonView& v) {
  const auto text = read_string(v);
  if (!text) return std::nullopt;
  const auto time = parse_local_time(*text);
  if (time) return *time;
  v.error(time.error().message);
  return std::nullopt;
}

void read_time_zone(const JsonView& v, MaintenanceDraft& d) {
  const auto name = read_string(v);
  if (!name) return;
  const auto zone = TimeZone::find(*name);
  if (!zone) return v.error(zone.error().message);
  d.window.zone = *zone;
}

constexpr std::array<Field<MaintenanceDraft>, 6> kOwnFields{{
    {"weekly", "text, or list of them", "none",
     "when, every week: `\"sun 02:00-04:00\"`, `\"mon-fri 22:00-06:00\"`, `\"sat,sun 00:00-24:00\"`, "
     "`\"daily 03:00-03:30\"`, `\"fri 22:00-mon 06:00\"`",
     read_weekly},
    {"from", "date and time", "none", "when it begins, once: `\"2026-12-01 02:00\"`; instead of `weekly`",
     [](const JsonView& v, MaintenanceDraft& d) { d.from = read_local_time(v); }},
    {"to", "date and time", "none", "when it ends; with `from`",
     [](const JsonView& v, MaintenanceDraft& d) { d.to = read_local_time(v); }},
    {"time_zone", "name in the tz database", "`\"UTC\"`",
     "whose clock is meant: `\"Europe/Berlin\"`; summer time is heeded", read_time_zone},
    {"state", "drain, down or up", "`\"drain\"`", "what is forced while it lasts",
     [](const JsonView& v, MaintenanceDraft& d) {
       constexpr ForcedState kMeanings[] = {ForcedState::drain, ForcedState::down, ForcedState::up};
       if (const auto choice = read_choice(v, {"drain", "down", "up"})) d.window.state = kMeanings[*choice];
     }},
    {"reason", "string", "none", "shown wherever the state is",
     [](const JsonView& v, MaintenanceDraft& d) { d.window.reason = read_line(v, kLongestReason); }},
}};

// The scope's five, then those of the window.
const std::vector<Field<MaintenanceDraft>>& fields() {
  static const auto all = [] {
    constexpr auto kScope = scope_fields<MaintenanceDraft>();
    std::vector<Field<MaintenanceDraft>> out(kScope.begin(), kScope.end());
    out.insert(out.end(), kOwnFields.begin(), kOwnFields.end());
    return out;
  }();
  return all;
}

// False after reporting.
bool resolve_time(const JsonView& v, MaintenanceDraft& d) {
  const bool has_once = d.from || d.to;
  if (d.has_weekly && has_once) {
    v.error("\"weekly\" or \"from\" and \"to\", not both");
  } else if (d.has_weekly) {
    return true;
  } else if (!has_once) {
    v.error("when? \"weekly\", or \"from\" and \"to\" is missing");
  } else if (!d.from || !d.to) {
    v.error("\"from\" and \"to\" go together");
  } else if (*d.from >= *d.to) {
    v.error("\"to\" is not after \"from\"");
  } else {
    d.window.from = *d.from;
    d.window.to = *d.to;
    return true;
  }
  return false;
}

}  // namespace

void read_maintenance(const JsonView& v, std::vector<MaintenanceConfig>& out) {
  if (!v.json().is_array()) return v.expected("a list of maintenance windows");
  for (std::size_t i = 0; i < v.json().size(); ++i) {
    const JsonView element = v.element(i);
    const std::size_t errors = v.diagnostics().error_count();
    MaintenanceDraft draft;
    read_object<MaintenanceDraft>(element, fields(), draft);
    // What is missing because it could not be read is not missing.
    if (v.diagnostics().error_count() != errors) continue;
    const auto scope = draft.resolve(element);
    if (!resolve_time(element, draft) || !scope) continue;
    draft.window.scope = *scope;
    out.push_back({std::move(draft.window), element.pointer()});
  }
}

void check_maintenance(std::span<const MaintenanceConfig> windows, const Catalogue& catalogue,
                       const std::string& file, WallTime now, Diagnostics& diagnostics) {
  for (const auto& [window, pointer] : windows) {
    if (const auto missing = catalogue.missing(window.scope)) {
      diagnostics.error(file, pointer + "/" + missing->key, missing->message);
      continue;
    }
    if (catalogue.reach(window.scope) == 0) {
      diagnostics.warning(file, pointer, "the " + window.scope.to_string() + " has no members");
    } else if (!window.open_at(now) && !window.next_after(now)) {
      diagnostics.warning(file, pointer, "this window is over");
    }
  }
}

std::span<const Field<MaintenanceDraft>> maintenance_fields() {
  return fields();
}

}  // namespace gslbd::server
