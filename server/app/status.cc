// SPDX-License-Identifier: Apache-2.0
#include "server/app/status.h"

#include <numeric>

#include "server/app/program.h"

namespace gslbd::server {
namespace {

Json zones_json(const Loaded& loaded) {
  Json out = Json::array();
  for (const LoadedZone& z : loaded.zones) {
    out.push_back({{"name", z.zone->apex().to_string()},
                   {"file", loaded.file_of(z)},
                   {"serial", z.zone->serial()},
                   {"names", z.zone->name_count()},
                   {"memory_bytes", z.zone->memory()}});
  }
  return out;
}

// Tells whether a new secret has arrived, and nothing of the secrets.
Json cookies_json(const Loaded& loaded) {
  const CookieConfig& cookies = loaded.config.answers.cookies;
  if (!cookies.on) return false;
  if (!loaded.cookie_secrets) return {{"secret_file", nullptr}, {"secrets", 1}};
  return {{"secret_file", loaded.config.resolve(cookies.secret_file)},
          {"secrets", loaded.cookie_secrets->size()}};
}

// What somebody on call looks at first when "it is slow" or "it does not answer"; the rest is in the metrics.
Json traffic_json(const StatusFacts& facts) {
  std::uint64_t queries = 0;
  for (const auto& by_family : facts.net.queries) {
    queries = std::accumulate(by_family.begin(), by_family.end(), queries);
  }
  const std::uint64_t lost =
      std::accumulate(facts.net.udp_drops.begin(), facts.net.udp_drops.end(), std::uint64_t{0});
  Json limited = Json::object();
  for (std::size_t o = 1; o < kRateOutcomeNames.size(); ++o) {
    std::uint64_t count = 0;
    for (const auto& by_outcome : facts.responses.rate_limit.responses) count += by_outcome[o];
    limited[std::string(kRateOutcomeNames[o])] = count;
  }
  Json cookies = Json::object();
  for (std::size_t i = 1; i < kCookieStates; ++i) {  // queries without a cookie are not counted
    cookies[std::string(kCookieStateNames[i])] = facts.responses.cookies[i];
  }
  const auto& limits = facts.state.loaded().config.answers.rate_limit;
  return {{"queries", queries},
          {"truncated", facts.responses.truncated},
          {"access_refused", facts.responses.access_refused},
          {"rate_limit", !limits            ? "off"
                         : limits->log_only ? "log_only"
                                            : "on"},
          {"rate_limited", limited},
          {"cookies", cookies},
          {"datagrams_lost", lost},
          {"tcp_connections", facts.net.tcp_open()}};
}

}  // namespace

void ResponseTotals::add(const ResponseCounters& worker) {
  for (std::size_t i = 0; i < by_rcode.size(); ++i) by_rcode[i] += worker.by_rcode[i].value();
  truncated += worker.truncated.value();
  dropped += worker.dropped.value();
  edns += worker.edns.value();
  access_refused += worker.access_refused.value();
  for (std::size_t i = 0; i < cookies.size(); ++i) cookies[i] += worker.cookies[i].value();
  rate_limit.add(worker.rate_limit);
}

Json status_json(const StatusFacts& facts) {
  const Config& config = facts.state.loaded().config;
  Json listen = Json::array();
  for (const Endpoint& endpoint : facts.listen) listen.push_back(endpoint.to_string());
  return {{"version", version()},
          {"identity", config.name()},
          {"started_at", format_wall_time(facts.started_at)},
          {"now", format_wall_time(SystemClock().wall_now())},
          {"ready", facts.answering},
          {"listen", listen},
          {"config",
           {{"file", config.file},
            {"generation", facts.state.generation()},
            {"waiting_for_restart", facts.waiting_for_restart},
            {"cookies", cookies_json(facts.state.loaded())},
            {"last_reload",
             {{"successful", facts.last_reload.successful},
              {"at", format_wall_time(facts.last_reload.at)},
              {"zones_read", facts.last_reload.zones_read},
              {"duration_seconds", to_seconds(facts.last_reload.took)},
              {"messages", facts.last_reload.messages}}}}},
          {"traffic", traffic_json(facts)},
          {"zones", zones_json(facts.state.loaded())},
          {"forced", facts.control != nullptr ? facts.control->json() : Json::object()}};
}

}  // namespace gslbd::server
