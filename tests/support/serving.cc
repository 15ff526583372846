// SPDX-License-Identifier: Apache-2.0
#include "tests/support/serving.h"

#include <algorithm>
#include <stdexcept>

#include "server/steering/compile.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

namespace gslbd::test {
namespace {

using server::Selection;

server::AddressAnswers compile_family(const TestPool& pool, Family family) {
  server::Pool p;
  p.ttl_s = pool.ttl_s;
  p.ttl_pending_s = pool.pending_ttl_s;
  server::Decision decision;
  decision.pending = pool.pending_ttl_s.has_value();
  for (std::size_t i = 0; i < pool.addresses.size(); ++i) {
    server::Member& member = p.members.emplace_back();
    member.address = *Address::parse(pool.addresses[i]);
    member.site = std::to_string(i % kTestSites);
    if (i < pool.weights.size()) member.weight = pool.weights[i];
    if (member.address.family() != family) continue;
    decision.members.push_back(static_cast<std::uint32_t>(i));
    if (!pool.shares.empty()) decision.shares.push_back(pool.shares.at(i));
  }
  decision.steer = pool.selection == Selection::weighted ? server::Steer::weighted : server::Steer::all;
  decision.servfail = pool.selection == Selection::servfail;
  if (pool.selection == Selection::nodata) decision.members.clear();
  auto out = server::compile(decision, std::span(&p, 1), p, [](const std::string& site) {
    return static_cast<std::uint32_t>(std::stoul(site));
  });
  out.all_down = pool.all_down;
  return out;
}

std::uint32_t index_of(const std::vector<TestPool>& pools, std::string_view name) {
  const auto at = std::find_if(pools.begin(), pools.end(), [&](const TestPool& p) { return p.name == name; });
  return static_cast<std::uint32_t>(at - pools.begin());
}

server::ServedZone load_zone(const std::string& text, const std::vector<TestPool>& pools) {
  zones::ZoneFileOptions options;
  options.pool_known = [&](std::string_view name) { return index_of(pools, name) < pools.size(); };
  Diagnostics diagnostics;
  const auto file = zones::read_zone_text(text, "test.json", options, diagnostics);
  if (!file || diagnostics.has_errors()) {
    std::string why = "a zone of this test does not load:";
    for (const auto& d : diagnostics.all()) why += "\n" + d.to_string();
    throw std::runtime_error(why);
  }
  server::ServedZone zone{zones::build_zone(file->data).value(), {}};
  if (!file->allow.empty() || !file->deny.empty()) {
    zone.access = std::make_shared<const server::AccessList>(file->allow, file->deny);
  }
  for (const std::string& name : zone.zone->pools()) zone.pools.push_back(index_of(pools, name));
  return zone;
}

}  // namespace

std::unique_ptr<const server::AnswerSet> compile_pool(const TestPool& pool) {
  auto set = std::make_unique<server::AnswerSet>();
  set->v4 = compile_family(pool, Family::v4);
  set->v6 = compile_family(pool, Family::v6);
  return set;
}

std::vector<server::ServedZone> load_zones(const std::vector<std::string>& texts,
                                           const std::vector<TestPool>& pools) {
  std::vector<server::ServedZone> out;
  for (const std::string& text : texts) out.push_back(load_zone(text, pools));
  return out;
}

std::unique_ptr<const server::Serving> make_serving(std::vector<server::ServedZone> zones,
                                                    const std::vector<TestPool>& pools,
                                                    std::shared_ptr<const server::AnswerPolicy> policy) {
  std::vector<std::unique_ptr<const server::AnswerSet>> sets;
  for (const TestPool& pool : pools) sets.push_back(compile_pool(pool));
  if (policy == nullptr) policy = std::make_shared<const server::AnswerPolicy>();
  return std::make_unique<const server::Serving>(std::move(zones), std::move(sets), kTestSites, 1,
                                                 std::move(policy));
}

}  // namespace gslbd::test
