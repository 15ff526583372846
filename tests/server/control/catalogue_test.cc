// SPDX-License-Identifier: Apache-2.0
#include "server/control/catalogue.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

Member member(const std::string& address, const std::string& site) {
  Member m;
  m.address = *Address::parse(address);
  m.site = site;
  return m;
}

std::shared_ptr<const health::Check> check(const std::string& name) {
  auto c = std::make_shared<health::Check>();
  c->name = name;
  return c;
}

// www: fra twice, nyc once, checked by web; zone pool: fra, unchecked.
Catalogue two_pools() {
  std::vector<Pool> pools(2);
  pools[0].name = "www";
  pools[0].members = {member("192.0.2.1", "fra"), member("2001:db8::1", "fra"),
                      member("198.51.100.1", "nyc")};
  pools[0].checks = {check("web")};
  pools[1].name = "example.com/api";
  pools[1].members = {member("192.0.2.1", "fra")};
  const std::vector<std::string> sites{"fra", "nyc", "spare"};
  return Catalogue(pools, sites);
}

std::string missing(const Catalogue& catalogue, const ForcedScope& scope) {
  const auto found = catalogue.missing(scope);
  return found ? found->key + ": " + found->message : "";
}

const Address kOne = *Address::parse("192.0.2.1");
const Address kOther = *Address::parse("192.0.2.7");

}  // namespace

TEST_CASE("what a scope reaches is counted") {
  const Catalogue c = two_pools();
  CHECK(c.reach(ForcedScope::site("fra")) == 3);
  CHECK(c.reach(ForcedScope::site("nyc")) == 1);
  CHECK(c.reach(ForcedScope::site("spare")) == 0);
  CHECK(c.reach(ForcedScope::pool("www")) == 3);
  CHECK(c.reach(ForcedScope::member("example.com/api", kOne)) == 1);
  CHECK(c.reach(ForcedScope::target("web", kOne)) == 1);
  CHECK(c.reach(ForcedScope::target("web", kOther)) == 0);
  CHECK(Catalogue().reach(ForcedScope::site("fra")) == 0);
}

TEST_CASE("a name that does not exist is answered with the nearest that does") {
  const Catalogue c = two_pools();
  CHECK(missing(c, ForcedScope::site("fra")).empty());
  CHECK(missing(c, ForcedScope::site("spare")).empty());
  CHECK(missing(c, ForcedScope::site("far")) == "site: there is no site \"far\"; did you mean \"fra\"?");
  CHECK(missing(c, ForcedScope::pool("api")) == "pool: there is no pool \"api\"");
  CHECK(missing(c, ForcedScope::pool("wwww")) == "pool: there is no pool \"wwww\"; did you mean \"www\"?");
  CHECK(missing(c, ForcedScope::member("ww", kOne)) ==
        "pool: there is no pool \"ww\"; did you mean \"www\"?");
  CHECK(missing(c, ForcedScope::member("www", kOther)) ==
        "member: the pool www has no member 192.0.2.7; did you mean 192.0.2.1?");
  CHECK(missing(c, ForcedScope::target("ping", kOne)) == "check: there is no check \"ping\"");
  CHECK(missing(c, ForcedScope::target("web", kOther)) ==
        "target: the check web has no target 192.0.2.7; did you mean 192.0.2.1?");
}
