// SPDX-License-Identifier: Apache-2.0
// What is taken over from the zones served before is what would be found anew.
#include "server/answer/served_zones.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/random.h"
#include "tests/support/catch.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

std::shared_ptr<const zones::Zone> zone(const std::string& apex, const std::string& records) {
  Diagnostics d;
  const auto file = zones::read_zone_text(
      R"({"zone": ")" + apex + R"(", "records": {"@": {"NS": ["ns.x.test."]})" + records + "}}", "z", {}, d);
  REQUIRE(file.has_value());
  return zones::build_zone(file->data).value();
}

std::vector<ServedZone> list(const std::vector<std::shared_ptr<const zones::Zone>>& zones) {
  std::vector<ServedZone> out;
  for (const auto& each : zones) out.push_back({each, {}});
  return out;
}

bool same(const ServedZones& a, const ServedZones& b) {
  for (std::size_t z = 0; z < a.all().size(); ++z) {
    const ServedZone& mine = a.all()[z];
    const ServedZone& other = b.all()[z];
    if (mine.apex_hash != other.apex_hash || mine.is_plain != other.is_plain) return false;
    if (a.directory().find(zones::QueryName(mine.zone->apex())) != z) return false;
    const auto same_host = [](const ExternalHost& x, const ExternalHost& y) {
      return x.zone == y.zone && x.node == y.node && x.apex_at == y.apex_at;
    };
    if (!std::ranges::equal(a.all()[z].external, b.all()[z].external, same_host)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a host is found when it appears in another zone, and lost when it goes") {
  const auto a = zone("a.test", R"(, "m": {"MX": "10 mail.b.test."})");
  const auto without = zone("b.test", "");
  const auto with = zone("b.test", R"(, "mail": {"A": "192.0.2.1"})");
  const auto c = zone("c.test", R"(, "m": {"MX": "10 mail.a.test."})");
  const auto host = [](const ServedZones& zones) { return zones.all()[0].external.back().zone; };

  const ServedZones first(list({a, without, c}), {});
  CHECK(host(first) == zones::ZoneDirectory::kNone);
  const ServedZones second(list({a, with, c}), {}, &first);
  CHECK(host(second) == 1);
  CHECK(second.all()[2].external_hosts == first.all()[2].external_hosts);  // it asks only a.test
  const ServedZones third(list({a, without, c}), {}, &second);
  CHECK(host(third) == zones::ZoneDirectory::kNone);
}

TEST_CASE("whatever changes, hosts, apexes and directory are those that are found anew") {
  Random random(7);
  const auto some_zone = [&](int i) {
    std::string records;
    for (unsigned k = 0; k < 4; ++k) {
      const auto other = random.next() % 6;
      records += fmt::format(R"(, "h{0}": {{"MX": "10 h{1}.z{2}.test."}}, "a{0}": {{"A": "192.0.2.1"}})", k,
                             random.next() % 8, other);
      if (random.next() % 2 == 0) records += fmt::format(R"(, "h{}": {{"A": "192.0.2.1"}})", k + 4);
    }
    // Every other zone lies below the one before.
    return zone(i % 2 == 0 ? fmt::format("z{}.test", i) : fmt::format("z{}.z{}.test", i, i - 1), records);
  };
  std::vector<std::shared_ptr<const zones::Zone>> now;
  for (int i = 0; i < 5; ++i) now.push_back(some_zone(i));
  auto served = std::make_unique<ServedZones>(list(now), std::span<const std::uint8_t>());
  for (int turn = 0; turn < 200; ++turn) {
    const auto at = random.next() % now.size();
    switch (random.next() % 4) {
      case 0:  // one goes, another comes: the indexes mean others
        if (now.size() > 3) now.erase(now.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        for (int i = 0; i < 6; ++i) {
          const auto fresh = some_zone(i);
          const bool there = std::any_of(now.begin(), now.end(),
                                         [&](const auto& each) { return each->apex() == fresh->apex(); });
          if (there) continue;
          now.insert(now.begin() + static_cast<std::ptrdiff_t>(at), fresh);
          break;
        }
        break;
      default:
        now[at] = some_zone(now[at]->apex().to_string()[1] - '0');
    }
    auto next = std::make_unique<ServedZones>(list(now), std::span<const std::uint8_t>(), served.get());
    const ServedZones anew(list(now), {});
    REQUIRE(same(*next, anew));
    served = std::move(next);
  }
}
