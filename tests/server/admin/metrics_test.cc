// SPDX-License-Identifier: Apache-2.0
// The metrics' text, read back by a strict parser of the exposition format, and judged by promtool if it is
// here.

#include "server/admin/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

MetricsView full_view() {
  MetricsView view;
  view.version = "0.1.0";
  view.start_time_s = 1'780'000'000.25;
  view.net.queries[0][0] = 123'456'789'012;
  view.net.queries[1][1] = 7;
  view.net.tcp_accepted = 9;
  view.net.closed_of(TcpClose::idle) = 4;
  view.net.drops_of(UdpDrop::oversize) = 2;
  view.net.udp_coalesced = 15;
  view.net.udp_refused_together = 16;
  view.responses = {{"NOERROR", 100}, {"NXDOMAIN", 5}};
  view.truncated = 6;
  view.ignored = 3;
  view.edns = 90;
  view.access_refused = 8;
  view.cookies = {{"none", 60}, {"valid", 30}};
  view.rate_limited = {{"nxdomain", "truncated", 12}, {"nxdomain", "dropped", 13}};
  view.rate_limit_exempt = 14;
  view.checks = {{"web", "192.0.2.10:80", true, 1'780'000'001.5},
                 {"web", "198.51.100.10:80", false, 1'780'000'002.0},
                 {"ping", "[2001:db8::1]", std::nullopt, std::nullopt}};
  view.probes = {{"web", "192.0.2.10:80", "pass", 11}, {"web", "192.0.2.10:80", "timeout", 3}};
  view.durations = {{"web", {{0.005, 1}, {0.1, 8}}, 0.75, 9}};
  view.pools = {{"www", 2, 1, 0, 1}};
  view.forced = {{"site", "fra", "drain"}, {"member", "www 192.0.2.10", "up"}};
  view.answers = {{"www", "fra", 42}, {"odd \"pool\"\\\n", "nyc", 1}};
  view.zones = {{"example.com", 4'294'967'295}};
  view.uptimes = {{"web", "192.0.2.10", "fra", "1h", 0.75}, {"", "", "fra", "30d", 0.5}};
  view.hooks = {{"pager", 5, 1, 2, 7}};
  view.journal = {100, 2, 3};
  view.threads = {{"main", false}, {"dns-1", true}};
  view.config_generation = 3;
  view.last_reload_successful = false;
  view.last_reload_zones_read = 4;
  view.last_reload_duration_s = 0.25;
  view.reloads_succeeded = 2;
  view.reloads_failed = 1;
  return view;
}

struct Exposition {
  std::map<std::string, std::string> types;
  std::set<std::string> helps;
  std::map<std::string, double> samples;  ///< by `name{labels}` as written
};

// Line by line as the format's specification has it: HELP, TYPE, then that family's samples, none of them
// twice.
Exposition parse_strictly(const std::string& text) {
  const std::string label = R"re([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\"n])*")re";
  const std::regex sample("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{" + label + "(," + label + ")*\\})? (\\S+)");
  Exposition out;
  std::string family;
  REQUIRE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    std::smatch m;
    std::istringstream words(line);
    std::string hash, keyword, name, type;
    if (line.starts_with("# ")) {
      words >> hash >> keyword >> name;
      if (keyword == "HELP") {
        REQUIRE(out.helps.insert(name).second);
        family = name;
      } else {
        REQUIRE(keyword == "TYPE");
        REQUIRE(name == family);
        words >> type;
        REQUIRE((type == "counter" || type == "gauge" || type == "histogram"));
        REQUIRE(out.types.emplace(name, type).second);
      }
      continue;
    }
    REQUIRE(std::regex_match(line, m, sample));
    const std::string base = m[1];
    REQUIRE(out.types.count(family) == 1);
    if (out.types[family] == "histogram") {
      REQUIRE((base == family + "_bucket" || base == family + "_sum" || base == family + "_count"));
    } else {
      REQUIRE(base == family);
    }
    std::size_t used = 0;
    const double value = std::stod(m[6], &used);
    REQUIRE(used == static_cast<std::size_t>(m[6].length()));
    REQUIRE(out.samples.emplace(base + m[2].str(), value).second);
  }
  return out;
}

TEST_CASE("the metrics are what the design promises, with the view's values", "[admin]") {
  const Exposition e = parse_strictly(render_metrics(full_view()));
  const std::map<std::string, double> expected = {
      {R"(gslbd_build_info{version="0.1.0"})", 1},
      {"gslbd_start_time_seconds", 1'780'000'000.25},
      {R"(gslbd_queries_total{transport="udp",family="ipv4"})", 123'456'789'012},
      {R"(gslbd_queries_total{transport="udp",family="ipv6"})", 0},
      {R"(gslbd_queries_total{transport="tcp",family="ipv6"})", 7},
      {R"(gslbd_udp_dropped_total{reason="oversize"})", 2},
      {"gslbd_udp_coalesced_total", 15},
      {"gslbd_udp_coalescing_refused_total", 16},
      {"gslbd_tcp_connections", 5},
      {"gslbd_tcp_accepted_total", 9},
      {R"(gslbd_tcp_closed_total{reason="idle"})", 4},
      {R"(gslbd_responses_total{rcode="NOERROR"})", 100},
      {R"(gslbd_responses_total{rcode="NXDOMAIN"})", 5},
      {"gslbd_responses_truncated_total", 6},
      {"gslbd_messages_ignored_total", 3},
      {"gslbd_edns_queries_total", 90},
      {"gslbd_access_refused_total", 8},
      {R"(gslbd_cookies_total{state="valid"})", 30},
      {R"(gslbd_rate_limited_total{class="nxdomain",action="truncated"})", 12},
      {R"(gslbd_rate_limited_total{class="nxdomain",action="dropped"})", 13},
      {"gslbd_rate_limit_exempt_total", 14},
      {R"(gslbd_check_up{check="web",target="192.0.2.10:80"})", 1},
      {R"(gslbd_check_up{check="web",target="198.51.100.10:80"})", 0},
      {R"(gslbd_check_probes_total{check="web",target="192.0.2.10:80",outcome="timeout"})", 3},
      {R"(gslbd_check_duration_seconds_bucket{check="web",le="0.1"})", 8},
      {R"(gslbd_check_duration_seconds_bucket{check="web",le="+Inf"})", 9},
      {R"(gslbd_check_duration_seconds_sum{check="web"})", 0.75},
      {R"(gslbd_check_duration_seconds_count{check="web"})", 9},
      {R"(gslbd_check_last_outcome_timestamp_seconds{check="web",target="192.0.2.10:80"})", 1'780'000'001.5},
      {R"(gslbd_pool_members{pool="www",state="up"})", 2},
      {R"(gslbd_pool_members{pool="www",state="down"})", 1},
      {R"(gslbd_pool_members{pool="www",state="unknown"})", 0},
      {R"(gslbd_pool_members{pool="www",state="drained"})", 1},
      {R"(gslbd_forced{scope="site",name="fra",state="drain"})", 1},
      {R"(gslbd_forced{scope="member",name="www 192.0.2.10",state="up"})", 1},
      {R"(gslbd_answers_total{pool="www",site="fra"})", 42},
      {R"(gslbd_answers_total{pool="odd \"pool\"\\\n",site="nyc"})", 1},
      {R"(gslbd_target_uptime_ratio{check="web",target="192.0.2.10",window="1h"})", 0.75},
      {R"(gslbd_site_uptime_ratio{site="fra",window="30d"})", 0.5},
      {R"(gslbd_journal_entries_total{result="written"})", 100},
      {R"(gslbd_journal_entries_total{result="queue_full"})", 2},
      {R"(gslbd_journal_entries_total{result="write_failed"})", 3},
      {R"(gslbd_hook_deliveries_total{hook="pager",outcome="delivered"})", 5},
      {R"(gslbd_hook_deliveries_total{hook="pager",outcome="failed"})", 1},
      {R"(gslbd_hook_deliveries_total{hook="pager",outcome="retried"})", 2},
      {R"(gslbd_hook_events_dropped_total{hook="pager"})", 7},
      {"gslbd_config_generation", 3},
      {"gslbd_config_last_reload_successful", 0},
      {"gslbd_config_last_reload_zones_read", 4},
      {"gslbd_config_last_reload_duration_seconds", 0.25},
      {R"(gslbd_config_reloads_total{result="success"})", 2},
      {R"(gslbd_config_reloads_total{result="failure"})", 1},
      {R"(gslbd_zone_serial{zone="example.com"})", 4'294'967'295},
  };
  for (const auto& [name, value] : expected) {
    INFO(name);
    REQUIRE(e.samples.count(name) == 1);
    CHECK(e.samples.at(name) == value);
  }
}

TEST_CASE("a check without a verdict has no sample", "[admin]") {
  const std::string text = render_metrics(full_view());
  CHECK(text.find("gslbd_check_up{check=\"ping\"") == std::string::npos);
}

TEST_CASE("names keep the rules: prefix, _total on counters alone", "[admin]") {
  const Exposition e = parse_strictly(render_metrics(full_view()));
  for (const auto& [name, type] : e.types) {
    INFO(name);
    CHECK(name.starts_with("gslbd_"));
    CHECK(name.ends_with("_total") == (type == "counter"));
    CHECK(e.helps.count(name) == 1);
  }
}

TEST_CASE("an empty view is valid, too", "[admin]") {
  const Exposition e = parse_strictly(render_metrics({}));
  CHECK(e.types.count("gslbd_check_up") == 0);
  CHECK(e.samples.at("gslbd_config_last_reload_successful") == 1);
}

TEST_CASE("without the main thread there is its alarm, and no counter falls to 0", "[admin]") {
  MetricsView view = full_view();
  view.of_main = false;
  const Exposition e = parse_strictly(render_metrics(view));
  CHECK(e.samples.at("gslbd_thread_stuck{thread=\"main\"}") == 0);
  CHECK(e.samples.at("gslbd_thread_stuck{thread=\"dns-1\"}") == 1);
  CHECK(e.types.count("gslbd_check_up") == 1);
  CHECK(e.types.count("gslbd_queries_total") == 0);
  CHECK(e.types.count("gslbd_config_generation") == 0);
}

TEST_CASE("a collectable takes a fresh view at each scrape", "[admin]") {
  std::uint64_t generation = 0;
  const auto collectable = make_collectable([&] {
    MetricsView view;
    view.config_generation = ++generation;
    return view;
  });
  for (const double expected : {1.0, 2.0}) {
    for (const auto& family : collectable->Collect()) {
      if (family.name == "gslbd_config_generation") CHECK(family.metric.at(0).gauge.value == expected);
    }
  }
  CHECK(generation == 2);
}

TEST_CASE("promtool finds nothing to say", "[admin]") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {  // NOLINT(concurrency-mt-unsafe)
    WARN("skipped: promtool is not installed");
    return;
  }
  FILE* promtool = ::popen("promtool check metrics >&2", "w");
  REQUIRE(promtool != nullptr);
  const std::string text = render_metrics(full_view());
  CHECK(std::fwrite(text.data(), 1, text.size(), promtool) == text.size());
  CHECK(::pclose(promtool) == 0);
}

}  // namespace
}  // namespace gslbd::server
