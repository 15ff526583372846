// SPDX-License-Identifier: Apache-2.0
#include "server/steering/compile.h"

#include <algorithm>
#include <limits>
#include <set>

#include "zones/node.h"
#include "zones/rr_type.h"

namespace gslbd::server {
namespace {

void append_record(const Address& address, std::uint32_t ttl_s, std::vector<std::uint8_t>& out) {
  const std::size_t at = out.size();
  out.resize(at + zones::kRrDataAt);
  zones::store_be16(&out[at], 0xc00c);  // the question's name (RFC 1035 §4.1.4)
  zones::store_be16(&out[at + 2], address.is_v4() ? zones::type::kA : zones::type::kAaaa);
  zones::store_be16(&out[at + 4], zones::kClassIn);
  zones::store_be32(&out[at + zones::kRrTtlAt], ttl_s);
  zones::store_be16(&out[at + zones::kRrLengthAt], address.size());
  const auto bytes = address.bytes();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Who has all of his weight is drawn by everybody, the others by those parts of the clients that they have by
// now: the smaller a part, the more records it chooses among.
void compile_ramp(const Decision& decision, const std::vector<std::uint32_t>& weights, AddressAnswers& out) {
  const auto table_of = [&](std::uint32_t least) {
    std::vector<std::uint32_t> some = weights;
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (decision.shares[i] < least) some[i] = 0;
    }
    return alias_table(some);
  };
  const std::set<std::uint32_t> levels(decision.shares.begin(), decision.shares.end());
  for (const std::uint32_t share : levels) {
    if (share == kShareSteps) continue;
    constexpr std::uint32_t kPart = UINT32_MAX / kShareSteps + 1;
    out.ramp.push_back({share * kPart, table_of(share)});
  }
  out.alias = table_of(kShareSteps);
}

}  // namespace

std::uint32_t ttl_of(const Pool& pool, const Decision& decision) {
  if (!decision.pending || !pool.ttl_pending_s) return pool.ttl_s;
  return std::min(pool.ttl_s, *pool.ttl_pending_s);
}

std::vector<AliasCell> alias_table(std::span<const std::uint32_t> weights) {
  const std::size_t n = weights.size();
  std::uint64_t total = 0;
  for (const auto w : weights) total += w;
  // In units where the average cell holds `total`: cell i starts with weight * n.
  std::vector<std::uint64_t> share(n);
  std::vector<std::size_t> poor, rich;
  for (std::size_t i = 0; i < n; ++i) {
    share[i] = std::uint64_t{weights[i]} * n;
    (share[i] < total ? poor : rich).push_back(i);
  }
  std::vector<AliasCell> cells(n);
  constexpr std::uint32_t kAlways = std::numeric_limits<std::uint32_t>::max();
  while (!poor.empty() && !rich.empty()) {
    const std::size_t p = poor.back();
    const std::size_t r = rich.back();
    poor.pop_back();
    const double part = static_cast<double>(share[p]) / static_cast<double>(total);
    cells[p] = {static_cast<std::uint32_t>(part * 0x1.0p32), static_cast<std::uint32_t>(r)};
    share[r] -= total - share[p];
    if (share[r] < total) {
      rich.pop_back();
      poor.push_back(r);
    }
  }
  for (const auto& rest : {poor, rich}) {
    for (const std::size_t i : rest) cells[i] = {kAlways, static_cast<std::uint32_t>(i)};
  }
  return cells;
}

AddressAnswers compile(const Decision& decision, std::span<const Pool> pools, const Pool& asked,
                       const CounterOf& counter_of) {
  AddressAnswers out;
  const std::uint32_t ttl_s = ttl_of(asked, decision);
  if (decision.pending && asked.ttl_pending_s) out.ttl_limit_s = ttl_s;
  out.all_down = decision.why == Why::failed_open || decision.why == Why::last_live ||
                 decision.why == Why::nodata || decision.why == Why::servfail;
  if (decision.servfail) {
    out.selection = Selection::servfail;
    return out;
  }
  if (decision.members.empty()) return out;
  const Pool& pool = pools[decision.pool];
  std::vector<std::uint32_t> weights;
  for (const auto m : decision.members) {
    append_record(pool.members[m].address, ttl_s, out.records);
    out.counters.push_back(counter_of(pool.members[m].site));
    weights.push_back(pool.members[m].weight);
  }
  out.count = static_cast<std::uint32_t>(decision.members.size());
  out.rr_size = static_cast<std::uint32_t>(out.records.size() / out.count);
  const std::vector<std::uint8_t> once = out.records;
  out.records.insert(out.records.end(), once.begin(), once.end());
  out.selection = Selection::rotated;
  if (decision.steer == Steer::weighted) {
    out.selection = Selection::weighted;
    if (decision.shares.empty()) {
      out.alias = alias_table(weights);
    } else {
      compile_ramp(decision, weights, out);
    }
  }
  return out;
}

}  // namespace gslbd::server
