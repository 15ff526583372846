// SPDX-License-Identifier: Apache-2.0
#include "server/journal/uptime.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

Entry verdict(Duration at, const std::string& to, const std::string& target = "192.0.2.1") {
  Entry e{.at = kStart + at, .kind = "verdict", .check = "web", .target = target, .site = "fra"};
  e.more["to"] = to;
  return e;
}

Entry of(Duration at, const std::string& kind) {
  return {.at = kStart + at, .kind = kind};
}

Share last_hour(const Uptime& uptime, Duration at) {
  return uptime.targets(kStart + at).at(0).windows.at(0);
}

}  // namespace

TEST_CASE("a target is up while its verdict is") {
  Uptime uptime;
  uptime.note(verdict(0s, "up"));
  uptime.note(verdict(30min, "down"));
  uptime.note(verdict(45min, "up"));
  const auto targets = uptime.targets(kStart + 1h);
  REQUIRE(targets.size() == 1);
  CHECK(targets[0].check == "web");
  CHECK(targets[0].target == "192.0.2.1");
  CHECK(targets[0].site == "fra");
  CHECK(targets[0].windows.size() == 3);
  CHECK(*last_hour(uptime, 1h).ratio() == Approx(0.75));
}

TEST_CASE("time in which this server was cut off is unknown") {
  Uptime uptime;
  uptime.note(verdict(0s, "up"));
  uptime.note(of(10min, "isolated"));
  uptime.note(verdict(20min, "down"));  // not to be believed now, but remembered
  uptime.note(of(30min, "connected"));
  CHECK(last_hour(uptime, 60min).up == 10min);
  CHECK(last_hour(uptime, 60min).unknown == 20min);
  CHECK(last_hour(uptime, 60min).down == 30min);
}

TEST_CASE("time in which the program was down is unknown, after a stop and after a crash") {
  Uptime uptime;
  uptime.note(verdict(0s, "up"));
  uptime.note(of(10min, "stop"));
  uptime.note(of(20min, "start"));
  uptime.note(verdict(20min, "up"));
  // A crash at 30 min, the next start at 50 min.
  Entry start = of(50min, "start");
  start.more["alive_until"] = format_wall_time(kStart + 30min);
  uptime.note(start);
  Entry joined = verdict(50min, "up");
  joined.kind = "joined";
  uptime.note(joined);
  CHECK(last_hour(uptime, 60min).up == 30min);
  CHECK(last_hour(uptime, 60min).unknown == 30min);
}

TEST_CASE("a target that left the plan is not shown, and comes back with its past") {
  Uptime uptime;
  uptime.note(verdict(0s, "down"));
  Entry left = verdict(10min, "");
  left.kind = "left";
  uptime.note(left);
  CHECK(uptime.targets(kStart + 20min).empty());
  uptime.note(verdict(20min, "up"));
  CHECK(last_hour(uptime, 30min).down == 10min);
  CHECK(last_hour(uptime, 30min).up == 10min);
}

TEST_CASE("what left the plan is forgotten when its time is over, or when there is too much of it") {
  Uptime uptime;
  for (int i = 0; i < 12'000; ++i) {
    const std::string target = "target-" + std::to_string(i);
    uptime.note(verdict(0s, "up", target));
    Entry left = verdict(10min, "", target);
    left.kind = "left";
    uptime.note(left);
  }
  uptime.note(verdict(0s, "up"));
  uptime.prune(kStart + 1h);
  CHECK(uptime.size() == 10'001);
  uptime.prune(kStart + 24h * 40);
  CHECK(uptime.size() == 1);
}

TEST_CASE("a site is up while one of its members is alive") {
  Uptime uptime;
  Entry site{.at = kStart, .kind = "site", .site = "fra"};
  site.more["to"] = "up";
  uptime.note(site);
  site.at = kStart + 54min;
  site.more["to"] = "down";
  uptime.note(site);
  const auto sites = uptime.sites(kStart + 1h);
  REQUIRE(sites.size() == 1);
  CHECK(sites[0].site == "fra");
  CHECK(*sites[0].windows[0].ratio() == Approx(0.9));
}

TEST_CASE("a server that is cut off from one address family still watches the other") {
  const auto in_family = [](Duration at, const std::string& kind, const std::string& family) {
    Entry e = of(at, kind);
    e.more["family"] = family;
    return e;
  };
  const auto site = [](Duration at, const std::string& name) {
    Entry e{.at = kStart + at, .kind = "site", .site = name};
    e.more["to"] = "up";
    return e;
  };
  Uptime uptime;
  uptime.note(verdict(0s, "up"));
  uptime.note(verdict(0s, "up", "2001:db8::1"));
  Entry other = verdict(0s, "up", "2001:db8::2");
  other.site = "nyc";
  uptime.note(other);
  uptime.note(site(0s, "fra"));
  uptime.note(site(0s, "nyc"));
  uptime.note(in_family(10min, "isolated", "ipv6"));
  uptime.note(in_family(20min, "isolated", "ipv4"));
  uptime.note(in_family(30min, "connected", "ipv4"));
  const auto targets = uptime.targets(kStart + 60min);
  REQUIRE(targets.size() == 3);
  CHECK(targets[0].windows[0].up == 50min);
  CHECK(targets[1].target == "2001:db8::1");
  CHECK(targets[1].windows[0].up == 10min);
  // A site is watched while one of its targets is.
  const auto sites = uptime.sites(kStart + 60min);
  REQUIRE(sites.size() == 2);
  CHECK(sites[0].windows[0].up == 50min);
  CHECK(sites[1].windows[0].up == 10min);
}

TEST_CASE("while the health thread hangs nobody is watched") {
  Uptime uptime;
  uptime.note(verdict(0s, "up"));
  uptime.note(of(10min, "unwatched"));
  CHECK(uptime.known(kStart + 20min).front().kind == "unwatched");
  uptime.note(of(30min, "watched"));
  CHECK(last_hour(uptime, 60min).up == 40min);
  CHECK(last_hour(uptime, 60min).unknown == 20min);
  uptime.note(of(60min, "unwatched"));
  uptime.note(of(61min, "start"));  // a new program has a new thread
  uptime.note(verdict(61min, "up"));
  CHECK(last_hour(uptime, 120min).up == 59min);
}

TEST_CASE("what a target joined with does not undo a verdict that was noted before it") {
  Uptime uptime;
  Entry joined = verdict(2min, "up");
  joined.kind = "joined";
  uptime.note(verdict(0s, "down"));
  uptime.note(joined);
  CHECK(last_hour(uptime, 10min).down == 10min);
  CHECK(last_hour(uptime, 10min).up == 0s);
  // It left, and comes back: nothing newer is known.
  Entry left = verdict(10min, "");
  left.kind = "left";
  uptime.note(left);
  joined.at = kStart + 20min;
  uptime.note(joined);
  CHECK(last_hour(uptime, 30min).up == 10min);
}

TEST_CASE("canaries have no figures") {
  Uptime uptime;
  Entry canary = verdict(0s, "up");
  canary.more["canary"] = true;
  uptime.note(canary);
  CHECK(uptime.targets(kStart + 1h).empty());
  uptime.note(verdict(0s, "up"));
  canary.more["to"] = "down";
  uptime.note(canary);
  CHECK(last_hour(uptime, 1h).up == 1h);
}
