// SPDX-License-Identifier: Apache-2.0
#include "server/control/forced_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace gslbd::server {
namespace {

using Entries = std::map<ForcedScope, ForcedEntry>;

const ForcedEntry* find_in(const Entries& entries, const ForcedScope& scope) {
  const auto found = entries.find(scope);
  return found == entries.end() ? nullptr : &found->second;
}

std::optional<ForcedState> state_of(const ForcedEntry* entry) {
  return entry == nullptr ? std::nullopt : std::optional(entry->state);
}

void append(std::vector<ForcedEntry>& out, const Entries& entries) {
  for (const auto& [unused, entry] : entries) out.push_back(entry);
}

}  // namespace

Result<std::optional<ForcedEntry>> ForcedStates::set(ForcedEntry entry) {
  const auto found = operators_.find(entry.scope);
  if (found != operators_.end()) {
    std::optional<ForcedEntry> replaced = std::exchange(found->second, std::move(entry));
    return replaced;
  }
  if (operators_.size() >= kMost) return fail(fmt::format("there are {} forced states already", kMost));
  const ForcedScope scope = entry.scope;
  operators_.emplace(scope, std::move(entry));
  return std::nullopt;
}

std::optional<ForcedEntry> ForcedStates::release(const ForcedScope& scope) {
  auto node = operators_.extract(scope);
  return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
}

std::vector<ForcedEntry> ForcedStates::expire(WallTime now) {
  std::vector<ForcedEntry> over;
  std::erase_if(operators_, [&](const auto& each) {
    const ForcedEntry& entry = each.second;
    if (!entry.until || *entry.until > now) return false;
    over.push_back(entry);
    return true;
  });
  return over;
}

std::optional<WallTime> ForcedStates::next_expiry() const {
  std::optional<WallTime> next;
  for (const auto& [unused, entry] : operators_) {
    if (entry.until && (!next || *entry.until < *next)) next = entry.until;
  }
  return next;
}

ForcedStates::WindowChange ForcedStates::set_windows(std::vector<ForcedEntry> open) {
  Entries fresh;
  for (ForcedEntry& entry : open) {
    entry.maintenance = true;
    const ForcedScope scope = entry.scope;
    fresh.try_emplace(scope, std::move(entry));
  }
  WindowChange change;
  const auto has = [](const Entries& entries, const ForcedEntry& entry) {
    const ForcedEntry* found = find_in(entries, entry.scope);
    return found != nullptr && found->state == entry.state;
  };
  for (const auto& [unused, entry] : fresh) {
    if (!has(windows_, entry)) change.began.push_back(entry);
  }
  for (const auto& [unused, entry] : windows_) {
    if (!has(fresh, entry)) change.ended.push_back(entry);
  }
  change.changed = fresh != windows_;
  windows_ = std::move(fresh);
  return change;
}

const ForcedEntry* ForcedStates::member(const std::string& pool, const Address& address,
                                        const std::string& site) const {
  for (const Entries* entries : {&operators_, &windows_}) {
    if (entries->empty()) continue;
    if (const auto* found = find_in(*entries, ForcedScope::member(pool, address))) return found;
    if (const auto* found = find_in(*entries, ForcedScope::pool(pool))) return found;
    if (site.empty()) continue;
    if (const auto* found = find_in(*entries, ForcedScope::site(site))) return found;
  }
  return nullptr;
}

const ForcedEntry* ForcedStates::target(const std::string& check, const Address& address) const {
  for (const Entries* entries : {&operators_, &windows_}) {
    if (entries->empty()) continue;
    if (const auto* found = find_in(*entries, ForcedScope::target(check, address))) return found;
  }
  return nullptr;
}

const ForcedEntry* ForcedStates::find(const ForcedScope& scope, bool maintenance) const {
  return find_in(maintenance ? windows_ : operators_, scope);
}

ForcedLookup ForcedStates::lookup() const {
  return {
      [this](const std::string& check, const Address& address) { return state_of(target(check, address)); },
      [this](const std::string& pool, const Address& address, const std::string& site) {
        return state_of(member(pool, address, site));
      }};
}

std::vector<ForcedEntry> ForcedStates::all() const {
  std::vector<ForcedEntry> out;
  append(out, operators_);
  append(out, windows_);
  return out;
}

std::vector<ForcedEntry> ForcedStates::by_operators() const {
  std::vector<ForcedEntry> out;
  append(out, operators_);
  return out;
}

}  // namespace gslbd::server
