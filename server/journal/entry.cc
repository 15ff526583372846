// SPDX-License-Identifier: Apache-2.0
#include "server/journal/entry.h"

#include <array>

namespace gslbd::server {
namespace {

constexpr std::array kKinds{
    EntryKind{"outcome", false,
              "the first outcome of a streak, or a failure for another reason than the one before"},
    EntryKind{"verdict", true, "a target's verdict changed"},
    EntryKind{"held_down", false, "a change to up is held back by flap damping or failback"},
    EntryKind{"hold_lost", false, "a held connection broke; probes follow at once"},
    EntryKind{"stale", true, "a verdict was too old to be believed and became unknown"},
    EntryKind{"starved", true, "probes fail for want of resources of this machine"},
    EntryKind{"isolated", true,
              "this server is cut off from IPv4 or IPv6: verdicts of that family are frozen"},
    EntryKind{"connected", true, "this server is no longer cut off from that family"},
    EntryKind{"unwatched", true, "the health thread does not run: its verdicts are not believed any more"},
    EntryKind{"watched", true, "the health thread runs again, and is believed"},
    EntryKind{"joined", false, "a target came into the plan with a verdict from before"},
    EntryKind{"left", false, "a target is no longer in the plan"},
    EntryKind{"pool", true, "a pool lost its last live member, or got one again"},
    EntryKind{"site", true, "a site lost its last live member, or got one again"},
    EntryKind{"forced", true, "a state was forced, released or ran out"},
    EntryKind{"reload", false, "a configuration was loaded and serves"},
    EntryKind{"reload_failed", true, "a configuration has errors; the one before serves on"},
    EntryKind{"start", false, "the program started"},
    EntryKind{"stop", false, "the program stopped"},
    EntryKind{"lost", false, "entries that could not be kept"},
};

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Lines of ours nest three deep. What nests without end would overflow the stack of whoever copies it.
bool nests_deeply(std::string_view line) {
  constexpr int kDeepest = 16;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') ++i;  // what it escapes is no end
    if (in_string) continue;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > kDeepest) return true;
  }
  return false;
}

bool has_verdicts(health::EventKind kind) {
  return kind == health::EventKind::verdict || kind == health::EventKind::stale;
}

}  // namespace

std::span<const EntryKind> entry_kinds() {
  return kKinds;
}

Entry entry_of(const health::Event& event) {
  Entry entry{.at = event.at,
              .kind = std::string(health::event_kind_name(event.kind)),
              .check = event.check,
              .target = event.check.empty() ? std::string() : event.address.to_string(),
              .site = event.site};
  if (has_verdicts(event.kind)) {
    entry.more["from"] = health::verdict_name(event.from);
    entry.more["to"] = health::verdict_name(event.to);
  }
  const bool of_probe = event.kind == health::EventKind::outcome ||
                        event.kind == health::EventKind::verdict || event.kind == health::EventKind::starved;
  if (of_probe) {
    entry.more["reason"] = health::reason_name(event.reason);
    entry.more["duration_seconds"] = to_seconds(event.duration);
    entry.more["streak"] = event.streak;
  }
  if (!event.detail.empty()) entry.more["detail"] = event.detail;
  if (!event.family.empty()) entry.more["family"] = event.family;
  if (event.canary) entry.more["canary"] = true;
  return entry;
}

Json to_json(const Entry& entry) {
  Json out = entry.more.is_object() ? entry.more : Json::object();
  out["seq"] = entry.sequence;
  out["at"] = format_wall_time(entry.at);
  out["kind"] = entry.kind;
  if (!entry.check.empty()) out["check"] = entry.check;
  if (!entry.target.empty()) out["target"] = entry.target;
  if (!entry.site.empty()) out["site"] = entry.site;
  return out;
}

std::string to_line(const Entry& entry) {
  return to_json(entry).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Entry> parse_entry(std::string_view line) {
  if (nests_deeply(line)) return std::nullopt;
  Json object = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const auto sequence = object.find("seq");
  const auto at = parse_wall_time(text_of(object, "at"));
  Entry entry{.kind = text_of(object, "kind"),
              .check = text_of(object, "check"),
              .target = text_of(object, "target"),
              .site = text_of(object, "site")};
  if (sequence == object.end() || !sequence->is_number_unsigned() || !at || entry.kind.empty()) {
    return std::nullopt;
  }
  entry.sequence = sequence->get<std::uint64_t>();
  entry.at = *at;
  for (const char* key : {"seq", "at", "kind", "check", "target", "site"}) object.erase(key);
  entry.more = std::move(object);
  return entry;
}

}  // namespace gslbd::server
