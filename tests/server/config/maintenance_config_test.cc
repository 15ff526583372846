// SPDX-License-Identifier: Apache-2.0
#include "server/config/maintenance_config.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const std::string kFile = "gslbd.json";

struct Read {
  std::vector<MaintenanceConfig> windows;
  std::string complaints;  ///< one a line
};

Read read(const std::string& text) {
  Diagnostics diagnostics;
  const Json json = Json::parse(text);
  Read out;
  read_maintenance(JsonView(json, kFile, diagnostics, "/maintenance"), out.windows);
  for (const auto& d : diagnostics.all()) out.complaints += d.to_string() + "\n";
  return out;
}

Catalogue catalogue() {
  std::vector<Pool> pools(1);
  pools[0].name = "www";
  Member member;
  member.address = *Address::parse("192.0.2.1");
  member.site = "fra";
  pools[0].members = {member};
  const std::vector<std::string> sites{"fra", "empty"};
  return Catalogue(pools, sites);
}

std::string check(const std::string& text) {
  Diagnostics diagnostics;
  const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
  check_maintenance(read(text).windows, catalogue(), kFile, now, diagnostics);
  std::string out;
  for (const auto& d : diagnostics.all()) out += d.to_string() + "\n";
  return out;
}

}  // namespace

TEST_CASE("a window every week, and one that happens once") {
  const auto both = read(R"([
    {"site": "fra", "weekly": ["sun 02:00-04:00", "daily 12:00-12:30"], "time_zone": "Europe/Berlin", "reason": "backups"},
    {"pool": "www", "member": "192.0.2.1", "from": "2026-12-01 22:00", "to": "2026-12-02T02:00:00", "state": "down"}])");
  CHECK(both.complaints.empty());
  REQUIRE(both.windows.size() == 2);
  const MaintenanceWindow& weekly = both.windows[0].window;
  CHECK(weekly.scope == ForcedScope::site("fra"));
  CHECK(weekly.weekly.size() == 2);
  CHECK(weekly.state == ForcedState::drain);
  CHECK(weekly.zone.name() == "Europe/Berlin");
  CHECK(weekly.reason == "backups");
  const MaintenanceWindow& once = both.windows[1].window;
  CHECK(once.scope == ForcedScope::member("www", *Address::parse("192.0.2.1")));
  CHECK(once.weekly.empty());
  CHECK(once.to - once.from == 4h);
  CHECK(once.state == ForcedState::down);
  CHECK(once.zone.name() == "UTC");
  CHECK(both.windows[1].pointer == "/maintenance/1");
}

TEST_CASE("every mistake in a window is told at its place") {
  CHECK(read(R"({})").complaints ==
        "gslbd.json: /maintenance: expected a list of maintenance windows, found an empty object\n");
  CHECK(read(R"([{"site": "fra"}])").complaints ==
        "gslbd.json: /maintenance/0: when? \"weekly\", or \"from\" and \"to\" is missing\n");
  CHECK(read(R"([{"weekly": "sun 02:00-04:00"}])").complaints ==
        "gslbd.json: /maintenance/0: name one scope: \"site\", or \"pool\", or \"pool\" and \"member\", or "
        "\"check\" and \"target\"\n");
  CHECK(read(R"([{"site": "fra", "weekly": "sun 02:00-04:00", "to": "2026-12-01 02:00"}])").complaints ==
        "gslbd.json: /maintenance/0: \"weekly\" or \"from\" and \"to\", not both\n");
  CHECK(read(R"([{"site": "fra", "to": "2026-12-01 02:00"}])").complaints ==
        "gslbd.json: /maintenance/0: \"from\" and \"to\" go together\n");
  CHECK(read(R"([{"site": "fra", "from": "2026-12-01 02:00", "to": "2026-12-01 02:00"}])").complaints ==
        "gslbd.json: /maintenance/0: \"to\" is not after \"from\"\n");
  CHECK(read(R"([{"site": "fra", "weekly": []}])").complaints ==
        "gslbd.json: /maintenance/0/weekly: expected at least one weekly window, found an empty list\n");
  CHECK(
      read(R"([{"site": "fra", "weekly": "sun 02:00-04:00", "state": "drian", "zone": "UTC"}])").complaints ==
      "gslbd.json: /maintenance/0/zone: unknown key \"zone\"\n"
      "gslbd.json: /maintenance/0/state: \"drian\" is none of drain, down, up; did you mean \"drain\"?\n");
  CHECK(read(R"([{"site": "fra", "weekly": "sun 02:00-04:00", "reason": "a\nb"}])").complaints ==
        "gslbd.json: /maintenance/0/reason: control characters and line ends do not belong here\n");
  CHECK(read(R"([{"site": "fra", "from": "tomorrow", "to": "2026-12-01 02:00"}])").complaints ==
        "gslbd.json: /maintenance/0/from: \"tomorrow\" is no time such as \"2026-12-01 02:00\"\n");
}

TEST_CASE("a window whose names do not exist is an error, one that changes nothing a warning") {
  CHECK(check(R"([{"site": "far", "weekly": "sun 02:00-04:00"}])") ==
        "gslbd.json: /maintenance/0/site: there is no site \"far\"; did you mean \"fra\"?\n");
  CHECK(check(R"([{"site": "empty", "weekly": "sun 02:00-04:00"}])") ==
        "gslbd.json: /maintenance/0: warning: the site empty has no members\n");
  CHECK(check(R"([{"site": "fra", "from": "2020-01-01 02:00", "to": "2020-01-01 04:00"}])") ==
        "gslbd.json: /maintenance/0: warning: this window is over\n");
  CHECK(check(R"([{"site": "fra", "weekly": "sun 02:00-04:00"}])").empty());
}
