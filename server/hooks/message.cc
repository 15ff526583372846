// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gslbd::server {
namespace {

constexpr std::size_t kLongestLine = 300;
constexpr std::size_t kLongestHeadline = 120;

std::string value(const Entry& entry, const char* key) {
  const auto found = entry.more.find(key);
  if (found == entry.more.end()) return {};
  return found->is_string() ? found->get<std::string>()
                            : found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string plain(std::string text, std::size_t longest) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= longest) return text;
  while (longest != 0 && (static_cast<unsigned char>(text[longest]) & 0xc0U) == 0x80U) --longest;  // UTF-8
  return text.substr(0, longest) + "...";
}

std::string with(std::string_view before, const std::string& text) {
  return text.empty() ? std::string() : fmt::format("{}{}", before, text);
}

std::string reasons_of(const MessageGroup& group) {
  std::string out;
  for (const auto& [reason, count] : group.reasons) {
    if (reason != "pass") out += fmt::format("{}{} {}", out.empty() ? ": " : ", ", reason, count);
  }
  return out;
}

std::string of_targets(const MessageGroup& g) {
  const std::string at = with(" at ", g.site);
  if (g.count > 1) return fmt::format("{} targets{} are {}{}", g.count, at, g.to, reasons_of(g));
  const Entry& e = g.first.front();
  const std::string why =
      g.to == "down" ? with(": ", value(e, "reason")) + with(": ", value(e, "detail")) : "";
  return fmt::format("{} on {}{} is {}{}", e.check, e.target, at, g.to, why);
}

std::string of_forced(const MessageGroup& g) {
  if (g.count > 1) return fmt::format("{} states are forced or released: {}", g.count, g.to);
  const Entry& e = g.first.front();
  std::string what = with("site ", e.site);
  if (what.empty() && !e.check.empty()) what = e.check + " on " + e.target;
  if (what.empty()) what = with("pool ", value(e, "pool")) + with(", member ", value(e, "member"));
  return fmt::format("{}: {}{}{}", what, g.to, with(" by ", value(e, "author")),
                     with(": ", value(e, "reason")));
}

std::string from_family(const MessageGroup& g) {
  return g.to.empty() ? std::string() : g.to == "ipv6" ? " from IPv6" : " from IPv4";
}

std::string of_failed_reload(const MessageGroup& g) {
  const Entry& e = g.first.front();
  const auto messages = e.more.find("messages");
  const bool told = messages != e.more.end() && messages->is_array() && !messages->empty();
  return "a reload failed" + (told ? with(": ", messages->front().get<std::string>()) : std::string());
}

std::string describe(const MessageGroup& g) {
  if (g.kind == "verdict" || g.kind == "stale") return of_targets(g);
  if (g.kind == "site") return fmt::format("site {} is {}", g.site, g.to);
  if (g.kind == "pool" && g.count > 1) return fmt::format("{} pools are {}", g.count, g.to);
  if (g.kind == "pool") return fmt::format("pool {} is {}", value(g.first.front(), "pool"), g.to);
  if (g.kind == "isolated")
    return fmt::format("this server is cut off{}: verdicts are frozen", from_family(g)) +
           with(": ", value(g.first.front(), "detail"));
  if (g.kind == "unwatched")
    return "the health thread does not run: no site is watched, none is believed dead";
  if (g.kind == "watched") return "the health thread runs again";
  if (g.kind == "connected") return "this server is no longer cut off" + from_family(g);
  if (g.kind == "starved")
    return "probes fail for want of resources" + with(": ", value(g.first.front(), "detail"));
  if (g.kind == "forced") return of_forced(g);
  if (g.kind == "reload_failed") return of_failed_reload(g);
  return fmt::format("{}{}{}", g.kind, with(" at ", g.site),
                     g.count > 1 ? fmt::format(", {} times", g.count) : "");
}

// What somebody woken at night wants to read first has the lowest number.
int gravity(const MessageGroup& g) {
  const bool down = g.to == "down";
  if (g.kind == "isolated" || g.kind == "unwatched") return 0;
  if (g.kind == "site" && down) return 1;
  if (g.kind == "pool" && down) return 2;
  if (g.kind == "verdict" && down) return 3;
  if (g.kind == "starved" || g.kind == "reload_failed") return 4;
  if (g.kind == "site") return 5;
  return 6;
}

std::vector<const MessageGroup*> by_gravity(const HookMessage& message) {
  std::vector<const MessageGroup*> out;
  for (const MessageGroup& group : message.groups) out.push_back(&group);
  std::ranges::stable_sort(out, {}, [](const MessageGroup* g) { return gravity(*g); });
  return out;
}

std::string line_of(const Entry& e) {
  std::string out =
      format_wall_time(e.at) + " " + e.kind + with(" ", e.check) + with(" ", e.target) + with(" at ", e.site);
  out += with(" pool ", value(e, "pool")) + with(" ", value(e, "to")) + with(" ", value(e, "state"));
  return out + with(": ", value(e, "reason")) + with(": ", value(e, "detail"));
}

}  // namespace

std::string headline(const HookMessage& message) {
  const auto groups = by_gravity(message);
  if (groups.empty()) return "nothing";
  const std::string first = plain(describe(*groups.front()), kLongestHeadline);
  return groups.size() == 1 ? first : fmt::format("{}; {} more", first, groups.size() - 1);
}

std::string message_text(const HookMessage& message, const MessageSender& sender) {
  std::string out =
      fmt::format("{}: {} events from {} to {}\n", plain(sender.server, kLongestLine), message.count,
                  format_wall_time(message.first_at), format_wall_time(message.last_at));
  if (message.held_back >= std::chrono::seconds(1)) {
    out += fmt::format("(held back for {:.0f} s: too many messages, or they took too long to deliver)\n",
                       to_seconds(message.held_back));
  }
  for (const MessageGroup* group : by_gravity(message)) {
    out += "\n" + plain(describe(*group), kLongestLine) + "\n";
    if (group->count == 1) continue;
    for (const Entry& entry : group->first) out += "  " + plain(line_of(entry), kLongestLine) + "\n";
    if (group->count > group->first.size())
      out += fmt::format("  and {} more\n", group->count - group->first.size());
  }
  if (message.others != 0) out += fmt::format("\nand {} events of other kinds and sites\n", message.others);
  return out;
}

Json message_json(const HookMessage& message, const MessageSender& sender) {
  Json groups = Json::array();
  for (const MessageGroup* group : by_gravity(message)) {
    Json first = Json::array();
    for (const Entry& entry : group->first) {
      first.push_back(to_json(entry));
      first.back().erase("seq");  // it is given when the entry is written, which may be later
    }
    Json one = {{"kind", group->kind},
                {"count", group->count},
                {"summary", plain(describe(*group), kLongestLine)},
                {"first", std::move(first)}};
    if (!group->site.empty()) one["site"] = group->site;
    const bool of_network = group->kind == "isolated" || group->kind == "connected";
    if (!group->to.empty()) one[of_network ? "family" : "to"] = group->to;
    if (!group->reasons.empty()) one["reasons"] = group->reasons;
    groups.push_back(std::move(one));
  }
  return {{"id", sender.id},
          {"server", sender.server},
          {"summary", headline(message)},
          {"first_at", format_wall_time(message.first_at)},
          {"last_at", format_wall_time(message.last_at)},
          {"events", message.count},
          {"held_back_seconds", to_seconds(message.held_back)},
          {"groups", std::move(groups)},
          {"other_events", message.others}};
}

}  // namespace gslbd::server
