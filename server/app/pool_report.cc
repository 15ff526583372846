// SPDX-License-Identifier: Apache-2.0
#include "server/app/pool_report.h"

#include "server/app/reports.h"
#include "server/steering/compile.h"

namespace gslbd::server {
namespace {

constexpr std::array kFamilies{Family::v4, Family::v6};

PoolReport::Answer report_answer(const Steering& steering, std::uint32_t p, Family family) {
  const Decision decision = steering.decide(p, family);
  const Pool& answering = steering.pools()[decision.pool];
  PoolReport::Answer out;
  out.why = decision.why;
  for (const auto m : decision.members) out.addresses.push_back(answering.members[m].address);
  out.pending = decision.pending;
  out.ttl_s = ttl_of(steering.pools()[p], decision);
  if (decision.pool != p) out.from_pool = answering.name;
  return out;
}

MemberReport report_member(const Steering& steering, std::uint32_t p, std::uint32_t m) {
  const Pool& pool = steering.pools()[p];
  const Member& member = pool.members[m];
  MemberReport out{member.address, member.site, member.weight, member.tier, steering.member(p, m), {}, {}};
  for (std::uint32_t c = 0; c < pool.checks.size(); ++c) out.checks.push_back(steering.verdict(p, m, c));
  out.combined = steering.combined(p, m);
  return out;
}

Json addresses_json(std::span<const Address> addresses) {
  Json out = Json::array();
  for (const Address& address : addresses) out.push_back(address.to_string());
  return out;
}

Json answer_json(const PoolReport& pool, Family family) {
  const PoolReport::Answer& answer = pool.answers[static_cast<std::size_t>(family)];
  Json drained = Json::array();
  for (const MemberReport& m : pool.members) {
    if (m.address.family() == family && m.view.drained) drained.push_back(m.address.to_string());
  }
  Json out = {{"why", why_name(answer.why)},
              {"addresses", addresses_json(answer.addresses)},
              {"drained", std::move(drained)},
              {"pending", answer.pending},
              {"ttl_seconds", answer.ttl_s}};
  if (!answer.from_pool.empty()) out["from_pool"] = answer.from_pool;
  return out;
}

// "state" is what counts for the answers, "checked" what the checks say while nothing is forced.
Json member_json(const PoolReport& pool, const MemberReport& member, const ForcedStates& forced) {
  Json checks = Json::object();
  for (std::size_t c = 0; c < pool.checks.size(); ++c) {
    checks[pool.checks[c]->name] = health::verdict_name(member.checks[c]);
  }
  for (const auto& [name, verdict] : member.combined) checks[name] = health::verdict_name(verdict);
  return {{"address", member.address.to_string()},
          {"site", member.site},
          {"weight", member.weight},
          {"share", member.view.share},
          {"tier", member.tier},
          {"state", health::verdict_name(member.view.counts)},
          {"checked", health::verdict_name(member.view.checked)},
          {"drained", member.view.drained},
          {"forced", forced_json(forced.member(pool.name, member.address, member.site))},
          {"checks", std::move(checks)}};
}

}  // namespace

std::vector<PoolReport> report_pools(const Steering& steering) {
  std::vector<PoolReport> out;
  for (std::uint32_t p = 0; p < steering.pools().size(); ++p) {
    const Pool& pool = steering.pools()[p];
    PoolReport& report = out.emplace_back(PoolReport{pool.name, pool.steer, pool.ttl_s, pool.checks, {}, {}});
    for (const Family family : kFamilies) {
      report.answers[static_cast<std::size_t>(family)] = report_answer(steering, p, family);
    }
    for (std::uint32_t m = 0; m < pool.members.size(); ++m) {
      report.members.push_back(report_member(steering, p, m));
    }
  }
  return out;
}

Json pools_json(std::span<const PoolReport> pools, const ForcedStates& forced) {
  Json out = Json::array();
  for (const PoolReport& pool : pools) {
    Json members = Json::array();
    for (const MemberReport& m : pool.members) members.push_back(member_json(pool, m, forced));
    out.push_back(
        {{"name", pool.name},
         {"steer", steer_name(pool.steer)},
         {"ttl_seconds", pool.ttl_s},
         {"answers", {{"A", answer_json(pool, Family::v4)}, {"AAAA", answer_json(pool, Family::v6)}}},
         {"members", std::move(members)}});
  }
  return out;
}

}  // namespace gslbd::server
