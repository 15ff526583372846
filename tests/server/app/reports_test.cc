// SPDX-License-Identifier: Apache-2.0
// What is added to main's part of the status and of the metrics.
#include "server/app/reports.h"

#include "server/app/pool_report.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

health::TargetStatus target(const char* address) {
  health::TargetStatus t;
  t.check = "web";
  t.address = *Address::parse(address);
  t.type = "http";
  t.verdict = health::Verdict::down;
  t.last = health::Outcome{health::Reason::refused, "connection refused", 2ms, WallTime(1h)};
  t.counts.add(*t.last);
  return t;
}

Reports reports() {
  Reports r;
  r.targets = {target("192.0.2.1"), target("192.0.2.2")};
  r.engine.targets = 2;
  r.engine.isolated = true;
  Share share{3h, 1h, 20h};
  r.uptime = {{"web", "192.0.2.1", "fra", {Share{}, share, share}}, {"", "", "fra", {share, share, share}}};
  r.recorder.written = 7;
  r.threads = {{"main", false, false}, {"health", true, false}, {"dns-2", true, true}};
  r.recorder.hooks = {{"pager", 1, 2, 3, 4}};
  return r;
}

ForcedStates forced() {
  ForcedStates states;
  ForcedEntry entry;
  entry.scope = ForcedScope::target("web", *Address::parse("192.0.2.2"));
  entry.reason = "disk";
  REQUIRE(states.set(entry));
  return states;
}

}  // namespace

TEST_CASE("the status gets targets, what is forced beside them, the prober and uptime") {
  Json status = {{"pools", Json::array()}};
  add_reports(reports(), forced(), status);
  CHECK(status["prober"]["stuck"] == true);
  CHECK(status["stuck_threads"] == Json{"health", "dns-2"});
  CHECK(status["prober"]["isolated"] == true);
  CHECK(status["prober"]["targets"] == 2);
  REQUIRE(status["checks"].size() == 2);
  CHECK(status["checks"][0]["verdict"] == "down");
  CHECK(status["checks"][0]["failures"] == Json{{"refused", 1}});
  CHECK(status["checks"][0]["forced"] == nullptr);
  CHECK(status["checks"][1]["forced"]["reason"] == "disk");
  CHECK(status["uptime"]["targets"][0]["windows"]["24h"]["ratio"] == 0.75);
  CHECK(status["uptime"]["targets"][0]["windows"]["1h"]["ratio"] == nullptr);
  CHECK(status["uptime"]["sites"][0]["site"] == "fra");
  CHECK(status["pools"] == Json::array());
}

TEST_CASE("pools are shown with what they answer, and what is forced beside what the checks say") {
  auto check = std::make_shared<health::Check>();
  check->name = "web";
  PoolReport pool{"www", Steer::weighted, 20, {check}, {}, {}};
  const Address address = *Address::parse("192.0.2.1");
  pool.answers[0] = {Why::spare, {address}, true, 5, "spare"};
  MemberReport member{address, "fra", 100, 1, {}, {Verdict::up}, {{"both", Verdict::down}}};
  member.view.counts = Verdict::down;
  member.view.checked = Verdict::up;
  member.view.drained = true;
  pool.members = {member};
  ForcedStates states;
  REQUIRE(states.set({ForcedScope::site("fra"), ForcedState::drain, "disk"}));
  const Json shown = pools_json(std::span(&pool, 1), states).at(0);
  CHECK(shown["answers"]["A"] == Json{{"why", "spare"},
                                      {"addresses", {"192.0.2.1"}},
                                      {"drained", {"192.0.2.1"}},
                                      {"pending", true},
                                      {"ttl_seconds", 5},
                                      {"from_pool", "spare"}});
  CHECK(shown["answers"]["AAAA"]["why"] == "no_members");
  const Json& m = shown["members"][0];
  CHECK(m["state"] == "down");
  CHECK(m["checked"] == "up");
  CHECK(m["checks"] == Json{{"web", "up"}, {"both", "down"}});
  CHECK(m["forced"]["reason"] == "disk");
}

TEST_CASE("the metrics get the same") {
  MetricsView view;
  add_reports(reports(), view);
  CHECK(view.prober.stuck);
  CHECK(view.prober.isolated);
  REQUIRE(view.threads.size() == 3);
  CHECK_FALSE(view.threads[0].stuck);
  CHECK(view.threads[2].stuck);
  REQUIRE(view.checks.size() == 2);
  CHECK(view.checks[0].up == false);
  REQUIRE(view.durations.size() == 1);
  CHECK(view.durations[0].count == 2);
  CHECK(view.uptimes.size() == 5);  // nothing is known of one window
  CHECK(view.journal.written == 7);
  REQUIRE(view.hooks.size() == 1);
  CHECK(view.hooks[0].hook == "pager");
}

TEST_CASE("what a lost health thread said is not shown as if it still held") {
  Reports r = reports();
  r.targets[0].held_back = health::HeldBack::damping;
  disbelieve(r.targets);
  Json status = Json::object();
  add_reports(r, forced(), status);
  for (const Json& check : status["checks"]) {
    CHECK(check["verdict"] == "unknown");
    CHECK(check["held_back"] == nullptr);
    CHECK(check["last"]["outcome"] == "refused");
  }
}
