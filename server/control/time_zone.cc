// SPDX-License-Identifier: Apache-2.0
#include "server/control/time_zone.h"

#include <date/tz.h>

#include <exception>

#include "core/json.h"

namespace gslbd::server {
namespace {

date::local_seconds theirs(LocalTime t) {
  return date::local_seconds(t.time_since_epoch());
}

WallTime minus_offset(LocalTime t, std::chrono::seconds offset) {
  return WallTime(t.time_since_epoch() - offset);
}

tl::unexpected<Error> unknown_zone(std::string_view name) {
  std::vector<std::string_view> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  const std::string_view hint = nearest(name, names);
  std::string message = "there is no time zone \"" + std::string(name) + "\"";
  if (!hint.empty()) message += "; did you mean \"" + std::string(hint) + "\"?";
  return fail(message);
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone out;
  if (name == out.name_) return out;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) {
      if (zone.name() != name) continue;
      (void)zone.get_info(date::sys_seconds{});  // reads its file now: later nothing can fail
      out.zone_ = &zone;
      out.name_ = zone.name();
      return out;
    }
    return unknown_zone(name);
  } catch (const std::exception& e) {
    return fail("the time zone \"" + std::string(name) +
                "\" cannot be read (is tzdata installed?): " + e.what());
  }
}

LocalTime TimeZone::to_local(WallTime t) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  if (zone_ == nullptr) return LocalTime(seconds.time_since_epoch());
  return LocalTime(zone_->to_local(seconds).time_since_epoch());
}

WallTime TimeZone::earliest(LocalTime t) const {
  if (zone_ == nullptr) return minus_offset(t, {});
  const date::local_info info = zone_->get_info(theirs(t));
  if (info.result == date::local_info::nonexistent) return WallTime(info.first.end);
  return minus_offset(t, info.first.offset);
}

WallTime TimeZone::latest(LocalTime t) const {
  if (zone_ == nullptr) return minus_offset(t, {});
  const date::local_info info = zone_->get_info(theirs(t));
  if (info.result == date::local_info::nonexistent) return WallTime(info.first.end);
  if (info.result == date::local_info::ambiguous) return minus_offset(t, info.second.offset);
  return minus_offset(t, info.first.offset);
}

}  // namespace gslbd::server
