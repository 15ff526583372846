// SPDX-License-Identifier: Apache-2.0
#include "server/config/pool_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "zones/diagnostics_budget.h"
#include "zones/zone_data.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

// An answer that is kept for less is nobody's trouble, however quick the checks.
constexpr Duration kHarmlessTtl = 5min;

std::string text(Duration d) {
  return format_duration(d);
}

// How long a member that just died may go on being answered, by the slowest of the pool's checks.
Duration time_to_notice(const Pool& pool) {
  Duration longest{0};
  for (const auto& check : pool.checks) {
    longest =
        std::max(longest, check->interval + (check->fall - 1) * check->confirm_interval + check->timeout);
  }
  return longest;
}

// A TTL that lasts so much longer than the checks take that they hardly matter.
std::optional<std::string> complaint_about_ttl(const Pool& pool, Duration ttl) {
  if (!pool.alive || pool.checks.empty()) return std::nullopt;
  const Duration notice = time_to_notice(pool);
  if (ttl <= std::max(kHarmlessTtl, 2 * notice)) return std::nullopt;
  return fmt::format(
      "the TTL is {}: resolvers keep a dead member's address as long, though the checks notice "
      "within {}",
      text(ttl), text(notice));
}

// The fault domains of a site that all members have in common, their site among them.
std::map<std::string, std::string> shared_domains(const Pool& pool, const Scope& scope) {
  std::map<std::string, std::string> shared;
  for (std::size_t i = 0; i < pool.members.size(); ++i) {
    const Site* site = scope.site(pool.members[i].site);
    if (site == nullptr) return {};
    std::map<std::string, std::string> domains = site->fault_domains;
    domains["site"] = pool.members[i].site;
    if (i == 0) {
      shared = std::move(domains);
    } else {
      std::erase_if(shared, [&](const auto& entry) {
        const auto here = domains.find(entry.first);
        return here == domains.end() || here->second != entry.second;
      });
    }
  }
  return shared;
}

}  // namespace

void lint_pool(const JsonView& v, const Pool& pool, const Scope& scope) {
  // A pool that one cable or one site can take out is not what pools are for.
  if (pool.members.size() > 1) {
    for (const auto& [domain, value] : shared_domains(pool, scope)) {
      v.member("members").warning(
          fmt::format("all members share the {} \"{}\": one fault takes them all", domain, value));
    }
  }
  const auto complaint = complaint_about_ttl(pool, std::chrono::seconds(pool.ttl_s));
  // Longer than the default: it was written there.
  if (complaint && v.json().contains("ttl")) v.member("ttl").warning(*complaint);
}

void lint_pools_of_zone(const std::string& file, const zones::Zone& zone,
                        std::span<const std::uint32_t> pool_of, const std::vector<Pool>& pools,
                        Diagnostics& diagnostics) {
  if (pool_of.empty()) return;
  zones::DiagnosticsBudget budget(file, diagnostics);
  zone.for_each_node([&](zones::NodeView node) {
    if (!node.has(zones::kNodeHasPool)) return;
    const zones::PoolBinding binding = node.first_rrset().pool();
    if (binding.ttl_s == zones::ZoneData::kPoolTtl) return;
    const auto complaint =
        complaint_about_ttl(pools[pool_of[binding.pool]], std::chrono::seconds(binding.ttl_s));
    if (!complaint) return;
    const std::string owner = zone.owner(node).relative_to(zone.apex());
    budget.scratch().warning(file, "/records/" + escape_pointer_token(owner) + "/pool", *complaint);
    budget.drain();
  });
  budget.finish();

  const auto* ttl = zone.negative_soa().block().data() + zones::kRrTtlAt;
  const std::chrono::seconds negative{std::uint32_t{zones::load_be16(ttl)} << 16 | zones::load_be16(ttl + 2)};
  for (const std::uint32_t index : pool_of) {
    const Pool& pool = pools[index];
    if (pool.when_all_down != WhenAllDown::nodata || !pool.alive || negative <= kHarmlessTtl) continue;
    diagnostics.warning(file, "/soa",
                        fmt::format("when the pool \"{}\" is all down it answers no data, and resolvers keep "
                                    "that for {}, also after its members are back (RFC 2308 §5)",
                                    pool.name, text(negative)));
  }
}

}  // namespace gslbd::server
