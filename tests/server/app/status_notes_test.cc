// SPDX-License-Identifier: Apache-2.0
#include "server/app/status_notes.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using Notes = std::vector<std::string>;

namespace {

/// A target of which there is nothing to say.
Json target() {
  return Json::parse(R"({"check": "web", "target": "192.0.2.1", "verdict": "up", "evidence": "up",
                         "evidence_at": "2026-11-22T10:00:00.000Z", "doubted": false, "held_back": null,
                         "flap_penalty": 0.2, "passes_in_a_row": 7,
                         "last": {"outcome": "pass", "detail": ""}})");
}

Notes with(const Json& change) {
  Json t = target();
  t.merge_patch(change);
  return target_notes(t);
}

}  // namespace

TEST_CASE("nothing is said of what is as it should be") {
  CHECK(target_notes(target()).empty());
  CHECK(target_notes(Json::parse(R"({"verdict": "unknown", "last": null, "evidence_at": null})")).empty());
  CHECK(alarm_notes(Json::parse(R"({"prober": {"stuck": false, "isolated": false, "starved": false}})"))
            .empty());
  CHECK(alarm_notes(Json::object()).empty());
}

TEST_CASE("each alarm is a sentence") {
  const Json isolated = {{"isolated", true},
                         {"isolated_from", {"ipv4", "ipv6"}},
                         {"isolated_since", "2026-11-22T10:00:00.000Z"}};
  CHECK(
      alarm_notes({{"prober", isolated}}) ==
      Notes{
          "isolated from IPv4 and IPv6 since 2026-11-22T10:00:00.000Z: this server is cut off, verdicts are "
          "frozen"});
  const Notes both = alarm_notes({{"prober", {{"stuck", true}, {"starved", true}}}});
  REQUIRE(both.size() == 2);
  CHECK(both[0].starts_with("stuck: "));
  CHECK(both[1].starts_with("starved: "));
  CHECK(alarm_notes({{"forced", {{"warning", "forced.json is set aside"}}}}) ==
        Notes{"forced.json is set aside"});
  CHECK(alarm_notes({{"stuck_threads", {"health", "dns-2"}}}) ==
        Notes{"stuck: the thread dns-2 does not run"});
}

TEST_CASE("a target says why its verdict is not what its probes say") {
  CHECK(with({{"doubted", true}}) == Notes{"doubted: it fell silent, but perhaps this server is cut off"});
  CHECK(with({{"held_back", {{"why", "held down by flap damping"}, {"until", "2026-11-22T11:00:00.000Z"}}},
              {"flap_penalty", 3.04}}) ==
        Notes{"passes, but held down by flap damping (until 2026-11-22T11:00:00.000Z)", "flap penalty 3.0"});
  CHECK(
      with({{"held_back", {{"why", "waits for an operator to resume it"}, {"until", nullptr}}}}) ==
      Notes{"passes, but waits for an operator to resume it: gslbctl resume --check web --target 192.0.2.1"});
}

TEST_CASE("evidence is dated when there is none any more") {
  const Notes old{"no evidence since 2026-11-22T10:00:00.000Z"};
  CHECK(with({{"last", {{"outcome", "resources"}}}}) == old);
  CHECK(with({{"verdict", "unknown"}, {"passes_in_a_row", nullptr}, {"failures_in_a_row", 0}}) == old);
  // A new target that has failed once is unknown too, and its evidence is fresh.
  CHECK(with({{"verdict", "unknown"},
              {"passes_in_a_row", nullptr},
              {"failures_in_a_row", 1},
              {"last", {{"outcome", "refused"}}}})
            .empty());
}
