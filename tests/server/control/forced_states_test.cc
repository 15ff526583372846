// SPDX-License-Identifier: Apache-2.0
#include "server/control/forced_states.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const Address kOne = *Address::parse("192.0.2.1");
const Address kTwo = *Address::parse("2001:db8::2");
const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

ForcedEntry entry(const ForcedScope& scope, ForcedState state, std::optional<WallTime> until = std::nullopt) {
  return {scope, state, "a reason", "somebody", kNow, until};
}

std::optional<ForcedState> of_member(const ForcedStates& forced, const std::string& pool, const Address& a,
                                     const std::string& site) {
  return forced.lookup().member(pool, a, site);
}

}  // namespace

TEST_CASE("of the scopes over a member the nearest counts: member, pool, site") {
  ForcedStates forced;
  CHECK(of_member(forced, "www", kOne, "fra") == std::nullopt);
  REQUIRE(forced.set(entry(ForcedScope::site("fra"), ForcedState::drain)).has_value());
  CHECK(of_member(forced, "www", kOne, "fra") == ForcedState::drain);
  CHECK(of_member(forced, "api", kTwo, "fra") == ForcedState::drain);
  CHECK(of_member(forced, "www", kOne, "nyc") == std::nullopt);
  CHECK(of_member(forced, "www", kOne, "") == std::nullopt);
  REQUIRE(forced.set(entry(ForcedScope::pool("www"), ForcedState::down)).has_value());
  CHECK(of_member(forced, "www", kOne, "fra") == ForcedState::down);
  CHECK(of_member(forced, "api", kOne, "fra") == ForcedState::drain);
  REQUIRE(forced.set(entry(ForcedScope::member("www", kOne), ForcedState::up)).has_value());
  CHECK(of_member(forced, "www", kOne, "fra") == ForcedState::up);
  CHECK(of_member(forced, "www", kTwo, "fra") == ForcedState::down);
}

TEST_CASE("a target is forced by itself, whatever is forced of members") {
  ForcedStates forced;
  REQUIRE(forced.set(entry(ForcedScope::target("web", kOne), ForcedState::down)).has_value());
  CHECK(forced.lookup().target("web", kOne) == ForcedState::down);
  CHECK(forced.lookup().target("web", kTwo) == std::nullopt);
  CHECK(forced.lookup().target("ping", kOne) == std::nullopt);
  CHECK(of_member(forced, "web", kOne, "web") == std::nullopt);
}

TEST_CASE("a scope has one entry: the last word replaces the one before and tells it") {
  ForcedStates forced;
  const auto site = ForcedScope::site("fra");
  CHECK(*forced.set(entry(site, ForcedState::drain)) == std::nullopt);
  const auto replaced = forced.set(entry(site, ForcedState::up));
  REQUIRE(replaced->has_value());
  CHECK((*replaced)->state == ForcedState::drain);
  CHECK(forced.all().size() == 1);
  REQUIRE(forced.release(site).has_value());
  CHECK(forced.release(site) == std::nullopt);
  CHECK(forced.empty());
}

TEST_CASE("an entry ends at its time, to the moment") {
  ForcedStates forced;
  REQUIRE(forced.set(entry(ForcedScope::site("fra"), ForcedState::drain, kNow + 2h)).has_value());
  REQUIRE(forced.set(entry(ForcedScope::site("nyc"), ForcedState::drain, kNow + 1h)).has_value());
  REQUIRE(forced.set(entry(ForcedScope::site("sin"), ForcedState::drain)).has_value());
  CHECK(forced.next_expiry() == kNow + 1h);
  CHECK(forced.expire(kNow + 1h - 1ns).empty());
  const auto over = forced.expire(kNow + 1h);
  REQUIRE(over.size() == 1);
  CHECK(over[0].scope.name == "nyc");
  CHECK(forced.next_expiry() == kNow + 2h);
  CHECK(forced.expire(kNow + 24h).size() == 1);
  CHECK(forced.next_expiry() == std::nullopt);
  CHECK(forced.all().size() == 1);
}

TEST_CASE("a window does not override an operator, at whatever scope he spoke") {
  ForcedStates forced;
  REQUIRE(forced.set(entry(ForcedScope::site("fra"), ForcedState::up)).has_value());
  forced.set_windows({entry(ForcedScope::member("www", kOne), ForcedState::drain),
                      entry(ForcedScope::site("fra"), ForcedState::drain),
                      entry(ForcedScope::site("nyc"), ForcedState::drain)});
  CHECK(of_member(forced, "www", kOne, "fra") == ForcedState::up);
  CHECK(of_member(forced, "www", kOne, "nyc") == ForcedState::drain);
  REQUIRE(forced.release(ForcedScope::site("fra")).has_value());
  CHECK(of_member(forced, "api", kOne, "fra") == ForcedState::drain);
  CHECK(forced.by_operators().empty());
  CHECK(forced.all().size() == 3);
}

TEST_CASE("windows tell which of them began and which ended") {
  ForcedStates forced;
  const auto fra = entry(ForcedScope::site("fra"), ForcedState::drain);
  const auto nyc = entry(ForcedScope::site("nyc"), ForcedState::drain);
  auto change = forced.set_windows({fra});
  CHECK((change.changed && change.began.size() == 1 && change.ended.empty()));
  change = forced.set_windows({fra});
  CHECK_FALSE(change.changed);
  change = forced.set_windows({nyc});
  REQUIRE((change.changed && change.began.size() == 1 && change.ended.size() == 1));
  CHECK(change.began[0].scope.name == "nyc");
  CHECK(change.ended[0].scope.name == "fra");
  auto other = nyc;
  other.state = ForcedState::down;
  change = forced.set_windows({other, nyc});  // the first of one scope counts
  CHECK((change.changed && change.began.size() == 1 && change.ended.size() == 1));
  CHECK(of_member(forced, "www", kOne, "nyc") == ForcedState::down);
  other.reason = "another";
  change = forced.set_windows({other});
  CHECK((change.changed && change.began.empty() && change.ended.empty()));
}

TEST_CASE("more entries than anybody means are refused, but what is there can be changed") {
  ForcedStates forced;
  for (std::size_t i = 0; i < ForcedStates::kMost; ++i) {
    REQUIRE(forced.set(entry(ForcedScope::site(std::to_string(i)), ForcedState::drain)).has_value());
  }
  CHECK(forced.set(entry(ForcedScope::site("more"), ForcedState::drain)).error().message ==
        "there are 10000 forced states already");
  CHECK(forced.set(entry(ForcedScope::site("7"), ForcedState::up)).has_value());
}

TEST_CASE("a scope is named for people, for metrics and in JSON") {
  const auto member = ForcedScope::member("www", kOne);
  CHECK(member.to_string() == "member 192.0.2.1 of pool www");
  CHECK(member.label() == "www 192.0.2.1");
  CHECK(member.to_json() == Json{{"pool", "www"}, {"member", "192.0.2.1"}});
  const auto target = ForcedScope::target("web", kTwo);
  CHECK(target.to_string() == "check web on 2001:db8::2");
  CHECK(target.to_json() == Json{{"check", "web"}, {"target", "2001:db8::2"}});
  CHECK(ForcedScope::site("fra").to_string() == "site fra");
  CHECK(ForcedScope::pool("example.com/www").to_json() == Json{{"pool", "example.com/www"}});
}
