// SPDX-License-Identifier: Apache-2.0
#include "server/steering/steering.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/entropy.h"
#include "server/steering/compile.h"

namespace gslbd::server {
namespace {

SipHashKey fresh_key() {
  std::array<std::uint8_t, 16> octets;
  fill_with_entropy(octets);
  return sip_hash_key(octets);
}

// Numbers checks: those with equal settings alike.
class Fingerprints {
 public:
  std::size_t number_of(const health::Check& check) {
    const auto [at, added] = by_check_.try_emplace(&check, 0);
    if (added) at->second = numbers_.try_emplace(check.fingerprint(), numbers_.size()).first->second;
    return at->second;
  }

 private:
  std::unordered_map<const health::Check*, std::size_t> by_check_;
  std::unordered_map<std::string, std::size_t> numbers_;
};

struct TargetKey {
  std::size_t check;  // its number
  Address address;
  bool operator==(const TargetKey&) const = default;
};
struct TargetKeyHash {
  std::size_t operator()(const TargetKey& key) const { return AddressHash()(key.address) * 31 + key.check; }
};

void visit_combined(const AliveRule& rule, const std::function<void(const AliveRule&)>& visit) {
  if (!rule.name.empty()) visit(rule);
  for (const AliveRule& part : rule.of) visit_combined(part, visit);
}

}  // namespace

Steering::Steering(std::shared_ptr<const std::vector<Pool>> pools, std::optional<SipHashKey> client_key)
    : pool_list_(std::move(pools)),
      pools_(*pool_list_),
      states_(pools_.size()),
      pending_(pools_.size()),
      client_key_(client_key ? *client_key : fresh_key()),
      spared_by_(pools_.size()) {
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    const std::size_t members = pools_[p].members.size();
    const bool ramps = pools_[p].steer == Steer::weighted;
    states_[p].members.assign(members, pools_[p].alive ? Verdict::unknown : Verdict::up);
    states_[p].drained.assign(members, false);
    slow_starts_.emplace_back(ramps ? pools_[p].slow_start : Duration(0), members);
    forced_members_.emplace_back(members);
    if (pools_[p].when_all_down == WhenAllDown::pool) spared_by_[pools_[p].spare].push_back(p);
  }
  add_targets();
  add_counters();
}

// One target for each distinct (check, address), however many pools use it.
void Steering::add_targets() {
  Fingerprints fingerprints;
  std::unordered_map<TargetKey, std::size_t, TargetKeyHash> known;
  target_of_.resize(pools_.size());
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) {
      for (const auto& check : pools_[p].checks) {
        const Member& member = pools_[p].members[m];
        const TargetKey key{fingerprints.number_of(*check), member.address};
        const auto [at, added] = known.try_emplace(key, targets_.size());
        if (added) {
          targets_.push_back({check, member.address, member.site});
          known_.emplace_back();
        }
        target_of_[p].push_back(at->second);
        Target& target = known_[at->second];
        target.users.push_back({p, m});
        if (std::ranges::find(target.names, check->name) == target.names.end()) {
          target.names.push_back(check->name);
        }
      }
    }
  }
}

// A pool may answer with its own members' sites and, when it is down, with those of its spares.
void Steering::add_counters() {
  std::vector<std::string_view> sites;
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    sites.clear();
    for (std::uint32_t from = p;; from = pools_[from].spare) {
      for (const Member& member : pools_[from].members) sites.push_back(member.site);
      if (pools_[from].when_all_down != WhenAllDown::pool) break;
    }
    std::ranges::sort(sites);
    sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
    first_counter_.push_back(counters_.size());
    for (const std::string_view site : sites) counters_.emplace_back(p, site);
  }
  first_counter_.push_back(counters_.size());
}

std::uint32_t Steering::counter_of(std::uint32_t pool, const std::string& site) const {
  const auto begin = counters_.begin() + static_cast<std::ptrdiff_t>(first_counter_[pool]);
  const auto end = counters_.begin() + static_cast<std::ptrdiff_t>(first_counter_[pool + 1]);
  const auto found = std::lower_bound(begin, end, site, [](const auto& counter, const std::string& wanted) {
    return counter.second < wanted;
  });
  return static_cast<std::uint32_t>(found - counters_.begin());
}

std::unique_ptr<const AnswerSet> Steering::compile(std::uint32_t pool) const {
  const CounterOf counter = [&](const std::string& site) { return counter_of(pool, site); };
  auto set = std::make_unique<AnswerSet>();
  set->client_key = client_key_;
  set->v4 = server::compile(decide(pool, Family::v4), pools_, pools_[pool], counter);
  set->v6 = server::compile(decide(pool, Family::v6), pools_, pools_[pool], counter);
  return set;
}

Decision Steering::decide(std::uint32_t pool, Family family) const {
  return server::decide(pools_, states_, pool, family);
}

std::size_t Steering::target_index(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const {
  return target_of_[pool][member * pools_[pool].checks.size() + check];
}

Verdict Steering::verdict(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const {
  return known_[target_index(pool, member, check)].verdict;
}

std::optional<ForcedState> Steering::forced(std::uint32_t pool, std::uint32_t member,
                                            std::uint32_t check) const {
  return known_[target_index(pool, member, check)].forced;
}

MemberView Steering::member(std::uint32_t pool, std::uint32_t member) const {
  const PoolState& state = states_[pool];
  return {state.members[member], evaluate_checks(pool, member, false), state.is_drained(member),
          forced_members_[pool][member], state.shares.empty() ? 1.0 : state.shares[member]};
}

std::string Steering::probed_as(const std::string& check, const Address& address) const {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const auto& names = known_[i].names;
    if (targets_[i].address == address && std::find(names.begin(), names.end(), check) != names.end()) {
      return targets_[i].check->name;
    }
  }
  return {};
}

std::map<std::string, Verdict> Steering::combined(std::uint32_t pool, std::uint32_t member) const {
  std::map<std::string, Verdict> out;
  if (!pools_[pool].alive) return out;
  visit_combined(*pools_[pool].alive, [&](const AliveRule& rule) {
    out[rule.name] = evaluate(rule, [&](std::uint32_t check) { return verdict(pool, member, check); });
  });
  return out;
}

Verdict Steering::evaluate_checks(std::uint32_t pool, std::uint32_t member, bool with_forced) const {
  if (!pools_[pool].alive) return Verdict::up;
  return evaluate(*pools_[pool].alive, [&](std::uint32_t check) {
    const Target& target = known_[target_index(pool, member, check)];
    if (with_forced && target.forced == ForcedState::up) return Verdict::up;
    if (with_forced && target.forced == ForcedState::down) return Verdict::down;
    return target.verdict;
  });
}

}  // namespace gslbd::server
