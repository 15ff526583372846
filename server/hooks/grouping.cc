// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/grouping.h"

#include <algorithm>
#include <utility>

namespace gslbd::server {
namespace {

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string direction_of(const Entry& entry) {
  if (entry.kind == "isolated" || entry.kind == "connected") return text(entry.more, "family");
  if (entry.kind != "forced") return text(entry.more, "to");
  const std::string action = text(entry.more, "action");
  return action == "forced" || action == "window_opened" ? text(entry.more, "state") : action;
}

Grouping::Grouping(Duration group, std::uint32_t max_per_minute)
    : window_(group),
      token_every_(Duration(std::chrono::minutes(1)) / max_per_minute),
      burst_(std::chrono::minutes(1)) {}

void Grouping::add(const Entry& entry, MonotonicTime now) {
  if (!open_) {
    open_ = true;
    opened_at_ = now;
    message_ = {};
    message_.first_at = message_.last_at = entry.at;
    group_of_.clear();
  }
  message_.last_at = std::max(message_.last_at, entry.at);
  ++message_.count;
  Key key(entry.kind, entry.site, direction_of(entry));
  auto group = group_of_.find(key);
  if (group == group_of_.end()) {
    if (message_.groups.size() == kMostGroups) {
      ++message_.others;
      return;
    }
    message_.groups.push_back({entry.kind, entry.site, std::get<2>(key), 0, {}, {}});
    group = group_of_.emplace(std::move(key), message_.groups.size() - 1).first;
  }
  MessageGroup& into = message_.groups[group->second];
  ++into.count;
  if (into.first.size() < kShown) into.first.push_back(entry);
  // Reasons of verdicts are a closed list; an operator's words for a forced state are not.
  if (entry.kind != "verdict") return;
  if (const std::string reason = text(entry.more, "reason"); !reason.empty()) ++into.reasons[reason];
}

std::optional<MonotonicTime> Grouping::due() const {
  if (!open_) return std::nullopt;
  return std::max(opened_at_ + window_, next_token_);
}

std::optional<HookMessage> Grouping::take(MonotonicTime now) {
  if (!open_ || now < *due()) return std::nullopt;
  // A bucket that was full a while ago is not fuller now.
  next_token_ = std::max(next_token_, now - burst_ + token_every_) + token_every_;
  return finish(now);
}

std::optional<HookMessage> Grouping::flush(MonotonicTime now) {
  if (!open_) return std::nullopt;
  return finish(now);
}

HookMessage Grouping::finish(MonotonicTime now) {
  open_ = false;
  message_.held_back = std::max(Duration(0), now - (opened_at_ + window_));
  return std::exchange(message_, {});
}

}  // namespace gslbd::server
