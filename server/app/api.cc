// SPDX-License-Identifier: Apache-2.0
#include "server/app/api.h"

#include "server/app/status_page.h"
#include "server/app/zone_export.h"

namespace gslbd::server {
namespace {

// Far beyond what the main loop ever needs, below what a scraper waits.
constexpr std::chrono::milliseconds kPatience{5000};

HttpResponse busy() {
  return {503, "text/plain; charset=utf-8", "the server is stopping or busy\n"};
}

template <class F>
HttpResponse from_main(Mailbox& main, F question) {
  const auto answer = main.ask(std::move(question), kPatience);
  return answer ? *answer : busy();
}

// What a file or a probed site says may be no UTF-8; what we say is.
std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

HttpResponse export_zone(const StatusSource& source, const HttpRequest& request) {
  constexpr std::string_view kPrefix = "/api/v1/zones/";
  constexpr std::string_view kSuffix = "/export";
  std::string name = request.path.substr(kPrefix.size());
  if (!name.ends_with(kSuffix)) return {404, "text/plain; charset=utf-8", "not found\n"};
  name.resize(name.size() - kSuffix.size());
  const StatusFacts facts = source.facts();
  const auto text = zone_as_master_file(facts.state.loaded(), facts.state.steering(), name);
  if (!text) return {404, "text/plain; charset=utf-8", text.error().message + "\n"};
  return {200, "text/dns; charset=utf-8", *text};
}

}  // namespace

std::vector<Route> make_routes(const StatusSource& source, const health::Monitor& monitor, Mailbox& main) {
  return {
      {"GET", "/",
       [&](const HttpRequest&) {
         return from_main(main, [&source, targets = monitor.status(), engine = monitor.stats()] {
           return HttpResponse{
               200, "text/html; charset=utf-8",
               status_page(Json::parse(json_text(status_json(source.facts(), targets, engine))))};
         });
       }},
      {"GET", "/healthz",
       [](const HttpRequest&) {
         return HttpResponse{200, "text/plain; charset=utf-8", "ok\n"};
       }},
      {"GET", "/ready",
       [&](const HttpRequest&) {
         return from_main(main, [&] {
           const bool ready = source.facts().answering;
           return HttpResponse{ready ? 200 : 503, "text/plain; charset=utf-8",
                               ready ? "ready\n" : "starting\n"};
         });
       }},
      {"GET", "/metrics",
       [&](const HttpRequest&) {
         return from_main(main, [&source, targets = monitor.status(), engine = monitor.stats()] {
           return HttpResponse{200, kMetricsContentType,
                               render_metrics(metrics_view(source.facts(), targets, engine))};
         });
       }},
      {"GET", "/api/v1/status",
       [&](const HttpRequest&) {
         return from_main(main, [&source, targets = monitor.status(), engine = monitor.stats()] {
           return HttpResponse{200, "application/json",
                               json_text(status_json(source.facts(), targets, engine))};
         });
       }},
      {"GET", "/api/v1/zones/",
       [&](const HttpRequest& request) {
         return from_main(main, [&source, request] { return export_zone(source, request); });
       },
       true},
  };
}

}  // namespace gslbd::server
