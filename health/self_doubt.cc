// SPDX-License-Identifier: Apache-2.0
#include "health/self_doubt.h"

#include <algorithm>

#include "core/prefix.h"

namespace gslbd::health {
namespace {

// Witnesses that are asked for one death. When so many unrelated groups are silent, more would not help.
constexpr std::size_t kWitnesses = 8;
constexpr std::size_t kRecent = 4;

}  // namespace

SelfDoubt::Group SelfDoubt::group_of(const std::string& site, const Address& address) {
  constexpr std::uint8_t kNeighbourhood4 = 24;
  constexpr std::uint8_t kNeighbourhood6 = 48;
  const Prefix around(address, address.is_v4() ? kNeighbourhood4 : kNeighbourhood6);
  const std::string name = site.empty() ? "net " + around.to_string() : "site " + site;
  const auto [at, added] = names_.try_emplace(name, static_cast<Group>(groups_.size()));
  if (added) groups_.emplace_back();
  return at->second;
}

void SelfDoubt::add_hopeful(Group group) {
  if (++groups_[group].hopeful == 1 && group != kCanaries) hopeful_.insert(group);
}

void SelfDoubt::remove_hopeful(Group group) {
  Record& record = groups_[group];
  if (record.hopeful > 0) --record.hopeful;
  if (record.hopeful == 0) hopeful_.erase(group);
}

void SelfDoubt::heard(Group group, MonotonicTime now) {
  groups_[group].heard = now;
  if (!recent_.empty() && recent_.front() == group) return;
  std::erase(recent_, group);
  recent_.insert(recent_.begin(), group);
  if (recent_.size() > kRecent) recent_.pop_back();
}

void SelfDoubt::silent(Group group, MonotonicTime now) {
  groups_[group].silent = now;
}

SelfDoubt::Judgement SelfDoubt::judge(Group group, MonotonicTime since) const {
  const auto is_witness = [&](Group g) { return g != group && g != kCanaries; };
  for (const Group g : recent_) {
    if (is_witness(g) && testifies(groups_[g], since)) return {Finding::credible};
  }
  std::vector<Group> witnesses;
  for (const Group g : hopeful_) {
    if (is_witness(g)) witnesses.push_back(g);
    if (witnesses.size() == kWitnesses) break;
  }
  const Record& watched = groups_[kCanaries];
  if (witnesses.empty() && group != kCanaries && watched.hopeful > 0) {
    if (testifies(watched, since)) return {Finding::credible};
    witnesses.push_back(kCanaries);
  }
  if (witnesses.empty()) return {Finding::credible};
  Judgement judgement{Finding::cut_off};
  for (const Group g : witnesses) {
    const Record& record = groups_[g];
    if (record.silent >= since && record.silent >= record.heard) continue;
    judgement.finding = Finding::not_known;
    if (record.heard < since) judgement.ask.push_back(g);
  }
  return judgement;
}

}  // namespace gslbd::health
