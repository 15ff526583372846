// SPDX-License-Identifier: Apache-2.0
#include "health/self_doubt.h"

#include <algorithm>
#include <utility>

#include "core/prefix.h"

namespace gslbd::health {
namespace {

// Witnesses that are asked for one death. When so many unrelated groups are silent, more would not help.
constexpr std::size_t kWitnesses = 8;

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

MonotonicTime SelfDoubt::heard(Group group, MonotonicTime now) {
  if (group != kCanaries) heard_ = now;
  return std::exchange(groups_[group].heard, now);
}

void SelfDoubt::silent(Group group, MonotonicTime started) {
  groups_[group].silent = std::max(groups_[group].silent, started);
}

// Those that could say whether the prober is connected; where no other site is left, the canaries.
std::vector<SelfDoubt::Group> SelfDoubt::witnesses_for(Group group) const {
  std::vector<Group> witnesses;
  for (const Group g : hopeful_) {
    if (g != group) witnesses.push_back(g);
    if (witnesses.size() == kWitnesses) break;
  }
  if (witnesses.empty() && group != kCanaries && groups_[kCanaries].hopeful > 0) {
    witnesses.push_back(kCanaries);
  }
  return witnesses;
}

bool SelfDoubt::testified(Group group, MonotonicTime since) const {
  if (heard_ >= since) return true;
  const bool others = hopeful_.size() > hopeful_.count(group);
  return !others && group != kCanaries && groups_[kCanaries].hopeful > 0 && groups_[kCanaries].heard >= since;
}

SelfDoubt::Judgement SelfDoubt::judge(Group group, MonotonicTime since) const {
  if (testified(group, since)) return {Finding::credible};
  const std::vector<Group> witnesses = witnesses_for(group);
  if (witnesses.empty()) return {Finding::credible};
  Judgement judgement{Finding::cut_off};
  for (const Group g : witnesses) {
    if (groups_[g].silent >= since) continue;
    judgement.finding = Finding::not_known;
    judgement.ask.push_back(g);
  }
  return judgement;
}

}  // namespace gslbd::health
