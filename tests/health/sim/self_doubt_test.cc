// SPDX-License-Identifier: Apache-2.0
#include "health/self_doubt.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace std::chrono_literals;

namespace {

MonotonicTime at(int seconds) {
  return MonotonicTime(std::chrono::seconds(100 + seconds));
}

struct Doubt : SelfDoubt {
  Group join(const std::string& site, const std::string& address) {
    const Group group = group_of(site, *Address::parse(address));
    add_hopeful(group);
    return group;
  }
  Finding of(Group group, int since) const { return judge(group, at(since)).finding; }
};

}  // namespace

TEST_CASE("a site is a group; without one the neighbourhood of the address is") {
  Doubt d;
  CHECK(d.join("fra", "192.0.2.1") == d.join("fra", "198.51.100.1"));
  CHECK(d.join("", "192.0.2.1") == d.join("", "192.0.2.200"));
  CHECK(d.join("", "192.0.2.1") != d.join("", "192.0.3.1"));
  CHECK(d.join("", "2001:db8:1::1") == d.join("", "2001:db8:1:ffff::1"));
  CHECK(d.join("", "2001:db8:1::1") != d.join("", "2001:db8:2::1"));
  CHECK(d.join("192.0.2.0/24", "192.0.2.1") != d.join("", "192.0.2.1"));
}

TEST_CASE("who has no witness is believed") {
  Doubt d;
  const auto fra = d.join("fra", "192.0.2.1");
  d.silent(fra, at(1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::credible);
}

TEST_CASE("another site that was heard makes a death credible; one that was silent too, not") {
  Doubt d;
  const auto fra = d.join("fra", "192.0.2.1");
  const auto nyc = d.join("nyc", "198.51.100.1");
  d.heard(nyc, at(-5));  // before the deciding probe: proves nothing
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::not_known);
  CHECK(d.judge(fra, at(0)).ask == std::vector<SelfDoubt::Group>{nyc});
  d.silent(nyc, at(1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::cut_off);
  d.heard(nyc, at(2));  // whatever else was silent there
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::credible);
  CHECK(d.testified(fra, at(2)));
  CHECK_FALSE(d.testified(fra, at(3)));
}

TEST_CASE("silence counts from when its probe began: only who was asked since can be silent") {
  Doubt d;
  const auto fra = d.join("fra", "192.0.2.1");
  const auto nyc = d.join("nyc", "198.51.100.1");
  d.silent(nyc, at(-1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::not_known);
  d.silent(nyc, at(0));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::cut_off);
}

TEST_CASE("a neighbour's silence explains nothing, but its answer proves the way there") {
  Doubt d;
  const auto fra = d.join("fra", "192.0.2.1");
  d.join("fra", "192.0.2.2");
  const auto nyc = d.join("nyc", "198.51.100.1");
  d.silent(fra, at(1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::not_known);
  d.silent(nyc, at(1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::cut_off);
  d.heard(fra, at(2));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::credible);
  CHECK(d.of(nyc, 0) == SelfDoubt::Finding::credible);
}

TEST_CASE("sites that are down do not testify by their silence") {
  Doubt d;
  const auto fra = d.join("fra", "192.0.2.1");
  const auto nyc = d.join("nyc", "198.51.100.1");
  d.remove_hopeful(nyc);
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::credible);
  d.add_hopeful(nyc);
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::not_known);
}

TEST_CASE("canaries are asked where no other site is left") {
  Doubt d;
  d.add_hopeful(SelfDoubt::kCanaries);
  const auto fra = d.join("fra", "192.0.2.1");
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::not_known);
  CHECK(d.judge(fra, at(0)).ask == std::vector<SelfDoubt::Group>{SelfDoubt::kCanaries});
  d.silent(SelfDoubt::kCanaries, at(1));
  CHECK(d.of(fra, 0) == SelfDoubt::Finding::cut_off);
  d.heard(SelfDoubt::kCanaries, at(3));
  CHECK(d.of(fra, 2) == SelfDoubt::Finding::credible);
  // With another site, the gateway's answer does not excuse the silence of both.
  const auto nyc = d.join("nyc", "198.51.100.1");
  d.silent(nyc, at(3));
  CHECK(d.of(fra, 2) == SelfDoubt::Finding::cut_off);
}

TEST_CASE("of many sites a few are asked, and any of all may testify") {
  Doubt d;
  std::vector<SelfDoubt::Group> groups;
  for (int i = 0; i < 500; ++i) groups.push_back(d.join("site" + std::to_string(i), "192.0.2.1"));
  CHECK(d.judge(groups[0], at(0)).ask.size() <= 8);
  d.heard(groups[499], at(1));
  CHECK(d.of(groups[0], 0) == SelfDoubt::Finding::credible);
}
