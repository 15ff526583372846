// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/address.h"
#include "core/time.h"
#include "zones/lint/rules.h"
#include "zones/rr_reader.h"

namespace gslbd::zones::linting {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t kMinute = 60;
constexpr std::uint32_t kDay = 86400;
constexpr std::uint32_t kWeek = 7 * kDay;

std::string text(std::uint64_t duration_s) {
  return format_duration(seconds(duration_s));
}

std::uint32_t be32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(load_be16(at)) << 16 | load_be16(at + 2);
}

// The four timers, the last fields of the RDATA (RFC 1035 §3.3.13).
struct Timers {
  explicit Timers(std::span<const std::uint8_t> rdata) {
    const std::uint8_t* at = rdata.data() + rdata.size() - 16;
    refresh = be32(at);
    retry = be32(at + 4);
    expire = be32(at + 8);
  }
  std::uint32_t refresh;
  std::uint32_t retry;
  std::uint32_t expire;
};

void check_timers(Context& c, NodeView apex, const Timers& t) {
  const auto warn = [&](std::string message) { c.warn(apex, type::kSoa, std::move(message)); };
  if (t.refresh < kMinute) {
    warn(fmt::format("refresh is {}: secondaries ask again and again (RFC 1912 §2.2)", text(t.refresh)));
  }
  if (t.retry >= t.refresh) {
    warn(
        fmt::format("retry ({}) is not shorter than refresh ({}): it is the pause after a refresh that "
                    "failed (RFC 1912 §2.2)",
                    text(t.retry), text(t.refresh)));
  }
  const std::uint64_t first_retry = std::uint64_t{t.refresh} + t.retry;
  if (t.expire <= first_retry) {
    warn(
        fmt::format("expire ({}) is not longer than refresh and retry together ({}): one refresh that fails "
                    "takes the zone from a secondary (RFC 1912 §2.2)",
                    text(t.expire), text(first_retry)));
  } else if (t.expire < kWeek) {
    warn(
        fmt::format("expire is {}, less than a week: after so long without the primary, secondaries stop to "
                    "answer (RFC 1912 §2.2)",
                    text(t.expire)));
  }
}

void check_soa(Context& c, NodeView apex, RrsetView soa) {
  for_each_record(c.zone(), soa, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    check_timers(c, apex, Timers(rdata));
    std::size_t rname_at = 0;
    while (rdata[rname_at] != 0) rname_at += 1U + rdata[rname_at];
    const auto mailbox = rdata.subspan(rname_at + 2, rdata[rname_at + 1]);
    if (std::find(mailbox.begin(), mailbox.end(), '@') != mailbox.end()) {
      c.warn(apex, type::kSoa, "rname holds an @, which is written as a dot in a name (RFC 1912 §2.2)");
    }
  });
  // What counts is the smaller of the SOA's TTL and its minimum.
  const std::uint32_t negative_s = be32(c.zone().negative_soa().block().data() + kRrTtlAt);
  if (negative_s > kDay) {
    c.warn(apex, type::kSoa,
           fmt::format("resolvers keep for {} that a name does not exist: more than a day has proved to be "
                       "trouble (RFC 2308 §5)",
                       text(negative_s)));
  }
}

Address address_of(std::span<const std::uint8_t> rdata) {
  return rdata.size() == 4 ? Address::from_v4(rdata.first<4>()) : Address::from_v6(rdata.first<16>());
}

// Two names for one host look like two name servers and are one.
void check_shared_addresses(Context& c, NodeView apex, RrsetView ns) {
  std::map<Address, Name> seen;
  for (const AdditionalEntry entry : ns.additional()) {
    if ((entry.flags & kExternal) != 0) continue;
    const NodeView node = c.zone().node(entry.node);
    for (const RrType t : {type::kA, type::kAaaa}) {
      const RrsetView addresses = node.rrset(t);
      if (!addresses) continue;
      for_each_record(c.zone(), addresses, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
        const auto address = address_of(rdata);
        const auto [at, added] = seen.try_emplace(address, c.zone().owner(node));
        if (added) return;
        const std::string text = address.to_string();
        const Name other = c.zone().owner(node);
        if (other == at->second) {  // a wildcard that stands for several
          c.warn(apex, type::kNs, fmt::format("two name servers share the address {} (RFC 2182 §3.1)", text));
        } else {
          c.warn(apex, type::kNs,
                 fmt::format("{} and {} share the address {}: they fail together (RFC 2182 §3.1)",
                             at->second.to_string(), other.to_string(), text));
        }
      });
    }
  }
}

void check_ns(Context& c, NodeView apex, RrsetView ns) {
  if (ns.rr_count() == 1) {
    c.warn(apex, type::kNs, "a single name server: when it is unreachable, so is the zone (RFC 2182 §5)");
  }
  const std::uint32_t ttl_s = be32(ns.block().data() + kRrTtlAt);
  if (ttl_s < kMinute) {
    c.warn(apex, type::kNs,
           fmt::format("the TTL is {}: resolvers ask for the name servers time and again (RFC 9199 §3.5)",
                       text(ttl_s)));
  } else if (ttl_s > kWeek) {
    c.warn(apex, type::kNs,
           fmt::format("the TTL is {}, more than a week: a name server that goes is asked for as long "
                       "(RFC 9199 §3.5)",
                       text(ttl_s)));
  }
  check_shared_addresses(c, apex, ns);
}

}  // namespace

void check_apex(Context& c, NodeView node, RrsetView rrset) {
  if (!node.relative_name().empty()) return;
  if (rrset.type() == type::kSoa) check_soa(c, node, rrset);
  if (rrset.type() == type::kNs) check_ns(c, node, rrset);
}

}  // namespace gslbd::zones::linting
