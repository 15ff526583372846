// SPDX-License-Identifier: Apache-2.0
#include "server/app/api.h"

#include "server/app/pool_report.h"
#include "server/app/reports.h"
#include "server/app/status_page.h"
#include "server/app/zone_export.h"

namespace gslbd::server {
namespace {

// Far beyond what the main loop ever needs, below what a scraper waits.
constexpr std::chrono::milliseconds kPatience{5000};

std::string stuck_threads(const Sources& from) {
  std::string names;
  for (const ThreadReport& t : from.watchdog.report()) {
    if (t.stuck) names += (names.empty() ? "" : ", ") + t.name;
  }
  return names;
}

HttpResponse busy(const Sources& from) {
  const std::string stuck = stuck_threads(from);
  return {503, "text/plain; charset=utf-8",
          stuck.empty() ? "the server is stopping or busy\n" : "threads that do not run: " + stuck + "\n"};
}

// Nobody waits for a main thread that is known not to run.
template <class F>
auto ask_main(const Sources& from, F question) -> std::optional<decltype(question())> {
  if (is_stuck(from.watchdog.report(), kMainThread)) return std::nullopt;
  return from.main.ask(std::move(question), kPatience);
}

// For the service manager's like in other places: what systemd is told by WATCHDOG=1.
HttpResponse answer_health(const Sources& from) {
  if (!stuck_threads(from).empty()) return busy(from);
  return {200, "text/plain; charset=utf-8", "ok\n"};
}

HttpResponse answer_ready(const Sources& from) {
  const auto ready = ask_main(from, [&source = from.source] { return source.facts().answering; });
  if (!ready) return busy(from);
  return {*ready ? 200 : 503, "text/plain; charset=utf-8", *ready ? "ready\n" : "starting\n"};
}

// What a file or a probed site says may be no UTF-8; what we say is.
std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// All of /api/v1/status; nullopt when main does not answer.
std::optional<Json> whole_status(const Sources& from) {
  const Reports reports = gather_reports(from.monitor, from.recorder, from.watchdog);
  struct OfMain {
    Json status;
    ForcedStates forced;
    std::vector<PoolReport> pools;
  };
  auto of_main = ask_main(from, [&source = from.source] {
    const StatusFacts facts = source.facts();
    return OfMain{status_json(facts), facts.control != nullptr ? facts.control->forced() : ForcedStates(),
                  report_pools(facts.state.steering())};
  });
  if (!of_main) return std::nullopt;
  add_reports(reports, of_main->forced, of_main->status);
  of_main->status["pools"] = pools_json(of_main->pools, of_main->forced);
  return std::move(of_main->status);
}

HttpResponse answer_page(const Sources& from) {
  const auto status = whole_status(from);
  if (!status) return busy(from);
  // By way of the text, which has nothing in it that is no UTF-8.
  return {200, "text/html; charset=utf-8", status_page(Json::parse(json_text(*status)))};
}

HttpResponse answer_status(const Sources& from) {
  const auto status = whole_status(from);
  if (!status) return busy(from);
  return {200, "application/json", json_text(*status)};
}

// Also while main does not answer: whoever is to be alarmed by that looks here.
HttpResponse answer_metrics(const Sources& from) {
  const Reports reports = gather_reports(from.monitor, from.recorder, from.watchdog);
  auto of_main = ask_main(from, [&source = from.source] { return metrics_view(source.facts()); });
  MetricsView view = of_main ? std::move(*of_main) : MetricsView();
  view.of_main = of_main.has_value();
  add_reports(reports, view);
  return {200, kMetricsContentType, render_metrics(view)};
}

HttpResponse export_zone(const Sources& from, const HttpRequest& request) {
  constexpr std::string_view kPrefix = "/api/v1/zones/";
  constexpr std::string_view kSuffix = "/export";
  std::string name = request.path.substr(kPrefix.size());
  if (!name.ends_with(kSuffix)) return {404, "text/plain; charset=utf-8", "not found\n"};
  name.resize(name.size() - kSuffix.size());
  const auto zone = ask_main(from, [&source = from.source, name] {
    const StatusFacts facts = source.facts();
    return snapshot_zone(facts.state.loaded(), facts.state.steering(), name);
  });
  if (!zone) return busy(from);
  if (!*zone) return {404, "text/plain; charset=utf-8", zone->error().message + "\n"};
  return {200, "text/dns; charset=utf-8", to_master_file(**zone)};
}

}  // namespace

std::vector<Route> make_routes(const Sources& from) {
  return {
      {"GET", "/", [from](const HttpRequest&) { return answer_page(from); }},
      {"GET", "/healthz", [from](const HttpRequest&) { return answer_health(from); }},
      {"GET", "/ready", [from](const HttpRequest&) { return answer_ready(from); }},
      {"GET", "/metrics", [from](const HttpRequest&) { return answer_metrics(from); }},
      {"GET", "/api/v1/status", [from](const HttpRequest&) { return answer_status(from); }},
      {"GET", "/api/v1/zones/", [from](const HttpRequest& request) { return export_zone(from, request); },
       true},
  };
}

}  // namespace gslbd::server
