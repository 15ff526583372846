// SPDX-License-Identifier: Apache-2.0
#include "server/app/status_page.h"

#include "tests/support/catch.h"

using namespace gslbd;

namespace {

Json status() {
  return Json::parse(R"({
    "identity": "ns1", "version": "0.1.0", "started_at": "2026-11-21T00:00:00.000Z",
    "config": {"file": "gslbd.json", "generation": 3, "waiting_for_restart": ["listen", "tcp"],
               "last_reload": {"successful": false, "messages": ["z.json: /records/a: <bad> & worse"]}},
    "traffic": {"queries": 5000000000, "tcp_connections": 3, "datagrams_lost": 2, "access_refused": 17,
                "rate_limit": "on", "rate_limited": {"leaked": 0, "truncated": 41, "dropped": 42}},
    "zones": [{"name": "example.com.", "serial": 7, "names": 4, "file": "z.json"}],
    "pools": [{"name": "www", "answers": {"A": {"why": "live", "addresses": ["192.0.2.1"]},
                                          "AAAA": {"why": "no_members", "addresses": []}},
               "members": [{"address": "192.0.2.1", "site": "fra", "state": "up"},
                           {"address": "192.0.2.3", "site": "fra", "state": "up", "checked": "down", "drained": true,
                            "forced": {"state": "drain", "author": "anna", "reason": "<new>", "until": null}},
                           {"address": "192.0.2.2", "site": "", "state": "down"}]}],
    "forced": {"forced": [{"site": "fra", "state": "drain", "author": "anna", "reason": "<new>",
                           "until": "2026-11-21T02:00:00.000Z", "note": "matches nothing"}], "maintenance": []},
    "checks": [{"check": "web", "target": "192.0.2.2", "verdict": "down", "since": "2026-11-21T00:00:01.000Z",
                "last": {"outcome": "body", "detail": "<script>alert(1)</script>", "duration_seconds": 0.0015}},
               {"check": "web", "target": "192.0.2.1", "verdict": "unknown", "since": "", "last": null}]})");
}

}  // namespace

TEST_CASE("the page shows pools, checks, zones and a failed reload") {
  const std::string page = server::status_page(status());
  for (const char* part :
       {"<h1>ns1</h1>", "<td>192.0.2.1</td><td class=\"up\">up</td>", "<td class=\"down\">down</td>",
        "not probed yet", "(1.5 ms)", "The last reload failed", "example.com.", "<td>7</td>",
        "waiting for a restart: listen, tcp", "5000000000 queries, 3 TCP connections",
        "41 truncated, 42 dropped"}) {
    INFO(part);
    CHECK(page.find(part) != std::string::npos);
  }
}

TEST_CASE("what is forced is shown beside what the checks say") {
  const std::string page = server::status_page(status());
  for (const char* part :
       {"<td><span class=\"drained\">drained</span><br>forced drain by anna: &lt;new&gt;; checks say "
        "down</td>",
        "<td>site fra</td><td>forced drain by anna until 2026-11-21T02:00:00.000Z: &lt;new&gt;</td>"
        "<td>matches nothing</td>"}) {
    INFO(part);
    CHECK(page.find(part) != std::string::npos);
  }
}

TEST_CASE("alarms stand at the top, and what is true of a target beside it; nothing where nothing is") {
  Json with = status();
  CHECK(server::status_page(with).find("role=\"alert\"") == std::string::npos);
  with["prober"] = {{"starved", true}};
  with["checks"][0]["doubted"] = true;
  const std::string page = server::status_page(with);
  const auto alarm = page.find("<p class=\"down\" role=\"alert\">starved: ");
  REQUIRE(alarm != std::string::npos);
  CHECK(alarm < page.find("<h2>"));
  CHECK(page.find("(1.5 ms)<br>doubted: ") != std::string::npos);
}

TEST_CASE("nothing that a file or a probed site says becomes markup") {
  const std::string page = server::status_page(status());
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt;") != std::string::npos);
  CHECK(page.find("&lt;bad&gt; &amp; worse") != std::string::npos);
}
