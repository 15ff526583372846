// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of Steering build on: pools over TCP checks, targets bound to known ids, changes of verdict.

#include <memory>
#include <string>
#include <vector>

#include "server/steering/steering.h"

namespace gslbd::server {

using Indexes = std::vector<std::uint32_t>;

inline constexpr MonotonicTime kNow{std::chrono::hours(1)};

inline std::shared_ptr<const health::Check> tcp_check(const std::string& name, std::uint16_t port) {
  Diagnostics d;
  const Json json = {{"type", "tcp"}, {"port", port}};
  const std::string file = "t.json";
  return std::make_shared<const health::Check>(*health::read_check(JsonView(json, file, d), name));
}

/// Members with sites of their own; alive when the first check says so.
inline Pool pool(const std::string& name, const std::vector<std::string>& addresses,
                 std::vector<std::shared_ptr<const health::Check>> checks) {
  Pool p;
  p.name = name;
  for (const auto& a : addresses) {
    Member m;
    m.address = *Address::parse(a);
    m.site = "site-of-" + a;
    p.members.push_back(m);
  }
  p.checks = std::move(checks);
  if (!p.checks.empty()) p.alive = AliveRule();
  return p;
}

/// Binds every target to an id that is its place plus 100.
inline void bind_all(Steering& s, Verdict verdict, const ForcedLookup& forced = {}) {
  std::vector<health::Believed> believed;
  for (std::size_t i = 0; i < s.targets().size(); ++i) believed.push_back({100 + i, verdict});
  s.bind(believed, forced);
}

inline Indexes change(Steering& s, health::TargetId target, Verdict to, MonotonicTime now = kNow,
                      bool pending = false) {
  return s.apply({target, to, to, WallTime(), pending}, now);
}

/// What an alias table gives each record: it follows from the table, without drawing and without luck.
inline std::vector<double> distribution(const std::vector<AliasCell>& cells) {
  std::vector<double> share(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double kept = cells[i].alias == i ? 1.0 : cells[i].threshold * 0x1.0p-32;
    share[i] += kept / static_cast<double>(cells.size());
    share[cells[i].alias] += (1.0 - kept) / static_cast<double>(cells.size());
  }
  return share;
}

}  // namespace gslbd::server
