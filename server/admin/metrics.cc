// SPDX-License-Identifier: Apache-2.0
#include "server/admin/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <span>
#include <string_view>
#include <utility>

namespace gslbd::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::string_view kTransportNames[] = {"udp", "tcp"};
constexpr std::string_view kFamilyNames[] = {"ipv4", "ipv6"};

/// One family under construction; the type decides where a value goes.
class FamilyBuilder {
 public:
  FamilyBuilder(MetricType type, const char* name, const char* help) : family_{name, help, type, {}} {}

  FamilyBuilder& add(Labels labels, double value) {
    ClientMetric& metric = append(std::move(labels));
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    return *this;
  }
  FamilyBuilder& add(Labels labels, std::uint64_t value) {
    return add(std::move(labels), static_cast<double>(value));
  }
  FamilyBuilder& add(Labels labels, ClientMetric::Histogram histogram) {
    append(std::move(labels)).histogram = std::move(histogram);
    return *this;
  }
  /// One sample for each name, in order.
  FamilyBuilder& add_each(const char* label, std::span<const std::string_view> names,
                          std::span<const std::uint64_t> values) {
    for (std::size_t i = 0; i < names.size(); ++i) add({{label, std::string(names[i])}}, values[i]);
    return *this;
  }
  MetricFamily take() { return std::move(family_); }

 private:
  ClientMetric& append(Labels labels) {
    ClientMetric& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }
  MetricFamily family_;
};

FamilyBuilder counter(const char* name, const char* help) {
  return {MetricType::Counter, name, help};
}
FamilyBuilder gauge(const char* name, const char* help) {
  return {MetricType::Gauge, name, help};
}

void add_program(const MetricsView& view, std::vector<MetricFamily>& out) {
  out.push_back(gauge("gslbd_build_info", "A constant 1, labelled with the version of the program.")
                    .add({{"version", view.version}}, 1.0)
                    .take());
  out.push_back(gauge("gslbd_start_time_seconds", "When the program started, in seconds since the epoch.")
                    .add({}, view.start_time_s)
                    .take());
  out.push_back(
      gauge("gslbd_config_generation", "Number of the configuration in use; grows with each reload.")
          .add({}, view.config_generation)
          .take());
  out.push_back(
      gauge("gslbd_config_last_reload_successful", "1 if the last reload took effect, 0 if it failed.")
          .add({}, view.last_reload_successful ? 1.0 : 0.0)
          .take());
  out.push_back(gauge("gslbd_config_last_reload_zones_read",
                      "Zone files that the last reload read; it took the others over.")
                    .add({}, view.last_reload_zones_read)
                    .take());
  out.push_back(gauge("gslbd_config_last_reload_duration_seconds",
                      "How long the last reload took from its begin until it served.")
                    .add({}, view.last_reload_duration_s)
                    .take());
  out.push_back(counter("gslbd_config_reloads_total", "Reloads of the configuration by result.")
                    .add({{"result", "success"}}, view.reloads_succeeded)
                    .add({{"result", "failure"}}, view.reloads_failed)
                    .take());
  FamilyBuilder serials = gauge("gslbd_zone_serial", "SOA serial of the zone as it is served.");
  for (const auto& z : view.zones) serials.add({{"zone", z.zone}}, std::uint64_t{z.serial});
  out.push_back(serials.take());
}

void add_transports(const NetTotals& net, std::vector<MetricFamily>& out) {
  FamilyBuilder queries =
      counter("gslbd_queries_total", "Messages received by transport and address family.");
  for (std::size_t t = 0; t < std::size(kTransportNames); ++t) {
    for (std::size_t f = 0; f < std::size(kFamilyNames); ++f) {
      queries.add({{"transport", std::string(kTransportNames[t])}, {"family", std::string(kFamilyNames[f])}},
                  net.queries[t][f]);
    }
  }
  out.push_back(queries.take());
  out.push_back(counter("gslbd_udp_dropped_total", "Datagrams lost on our side by reason.")
                    .add_each("reason", kUdpDropNames, net.udp_drops)
                    .take());
  out.push_back(
      counter("gslbd_udp_coalesced_total", "Responses sent in one message with another to the same client.")
          .add({}, net.udp_coalesced)
          .take());
  out.push_back(counter("gslbd_udp_coalescing_refused_total",
                        "Messages of several responses that the kernel only took one by one.")
                    .add({}, net.udp_refused_together)
                    .take());
  out.push_back(gauge("gslbd_tcp_connections", "TCP connections open now.").add({}, net.tcp_open()).take());
  out.push_back(
      counter("gslbd_tcp_accepted_total", "TCP connections accepted.").add({}, net.tcp_accepted).take());
  out.push_back(counter("gslbd_tcp_closed_total", "TCP connections ended by reason.")
                    .add_each("reason", kTcpCloseNames, net.tcp_closed)
                    .take());
}

// What clients bring, and what is kept from them.
void add_protection(const MetricsView& view, std::vector<MetricFamily>& out) {
  out.push_back(
      counter("gslbd_responses_truncated_total", "Responses with TC: what they lack is had over TCP.")
          .add({}, view.truncated)
          .take());
  out.push_back(
      counter("gslbd_messages_ignored_total", "Messages that get no answer: no header, or responses.")
          .add({}, view.ignored)
          .take());
  out.push_back(counter("gslbd_edns_queries_total", "Queries with EDNS.").add({}, view.edns).take());
  out.push_back(counter("gslbd_access_refused_total", "Queries refused by an access list.")
                    .add({}, view.access_refused)
                    .take());
  FamilyBuilder cookies = counter("gslbd_cookies_total", "Queries with a DNS cookie, by what it tells.");
  for (const auto& c : view.cookies) cookies.add({{"state", c.state}}, c.count);
  out.push_back(cookies.take());
  FamilyBuilder limited =
      counter("gslbd_rate_limited_total", "Responses over a rate limit by what became of them.");
  for (const auto& r : view.rate_limited) {
    limited.add({{"class", r.answer_class}, {"action", r.action}}, r.count);
  }
  out.push_back(limited.take());
  out.push_back(
      counter("gslbd_rate_limit_exempt_total", "Responses to prefixes that are exempt from rate limits.")
          .add({}, view.rate_limit_exempt)
          .take());
}

void add_answers(const MetricsView& view, std::vector<MetricFamily>& out) {
  FamilyBuilder responses = counter("gslbd_responses_total", "Responses sent by response code.");
  for (const auto& r : view.responses) responses.add({{"rcode", r.rcode}}, r.count);
  out.push_back(responses.take());
  FamilyBuilder answers =
      counter("gslbd_answers_total", "Answers from a pool by the site of the first address in them.");
  for (const auto& a : view.answers) answers.add({{"pool", a.pool}, {"site", a.site}}, a.count);
  out.push_back(answers.take());
  FamilyBuilder members = gauge("gslbd_pool_members", "Members of a pool by state.");
  for (const auto& p : view.pools) {
    members.add({{"pool", p.pool}, {"state", "up"}}, p.up);
    members.add({{"pool", p.pool}, {"state", "down"}}, p.down);
    members.add({{"pool", p.pool}, {"state", "unknown"}}, p.unknown);
    members.add({{"pool", p.pool}, {"state", "drained"}}, p.drained);
  }
  out.push_back(members.take());
  FamilyBuilder forced =
      gauge("gslbd_forced", "1 for each state that an operator or a maintenance window forces.");
  for (const auto& f : view.forced) {
    forced.add({{"scope", f.scope}, {"name", f.name}, {"state", f.state}}, 1.0);
  }
  out.push_back(forced.take());
}

ClientMetric::Histogram histogram_of(const MetricsView::CheckDuration& d) {
  ClientMetric::Histogram h;
  h.sample_count = d.count;
  h.sample_sum = d.sum_s;
  for (const auto& bucket : d.buckets) h.bucket.push_back({bucket.cumulative, bucket.upper_s});
  return h;
}

void add_checks(const MetricsView& view, std::vector<MetricFamily>& out) {
  FamilyBuilder up =
      gauge("gslbd_check_up", "1 if the check's verdict on the target is up, 0 if down; absent if unknown.");
  FamilyBuilder last = gauge("gslbd_check_last_outcome_timestamp_seconds",
                             "When the last probe of the target ended, in seconds since the epoch.");
  for (const auto& c : view.checks) {
    const Labels labels = {{"check", c.check}, {"target", c.target}};
    if (c.up) up.add(labels, *c.up ? 1.0 : 0.0);
    if (c.last_outcome_timestamp_s) last.add(labels, *c.last_outcome_timestamp_s);
  }
  out.push_back(up.take());
  out.push_back(last.take());
  FamilyBuilder probes =
      counter("gslbd_check_probes_total", "Probes by outcome: pass, or the reason of the failure.");
  for (const auto& p : view.probes) {
    probes.add({{"check", p.check}, {"target", p.target}, {"outcome", p.outcome}}, p.count);
  }
  out.push_back(probes.take());
  FamilyBuilder durations(MetricType::Histogram, "gslbd_check_duration_seconds",
                          "How long probes took, by check.");
  for (const auto& d : view.durations) durations.add({{"check", d.check}}, histogram_of(d));
  out.push_back(durations.take());
}

void add_prober(const MetricsView::Prober& p, std::vector<MetricFamily>& out) {
  out.push_back(gauge("gslbd_prober_alarm", "1 while the prober itself is in trouble, by kind.")
                    .add({{"kind", "isolated"}}, p.isolated ? 1.0 : 0.0)
                    .add({{"kind", "starved"}}, p.starved ? 1.0 : 0.0)
                    .add({{"kind", "stuck"}}, p.stuck ? 1.0 : 0.0)
                    .take());
  FamilyBuilder isolated =
      gauge("gslbd_prober_isolated", "1 while this server is cut off, by address family.");
  for (std::size_t f = 0; f < p.isolated_from.size(); ++f) {
    isolated.add({{"family", std::string(kFamilyNames[f])}}, p.isolated_from[f] ? 1.0 : 0.0);
  }
  out.push_back(isolated.take());
  out.push_back(gauge("gslbd_prober_targets", "Targets that are probed.").add({}, p.targets).take());
  out.push_back(gauge("gslbd_prober_probes_in_flight", "Probes under way now.").add({}, p.in_flight).take());
  out.push_back(gauge("gslbd_prober_doubted_targets", "Silent targets whose death is not credible yet.")
                    .add({}, p.doubted)
                    .take());
  out.push_back(counter("gslbd_prober_isolations_total", "How often this server found itself cut off.")
                    .add({}, p.isolations)
                    .take());
  out.push_back(counter("gslbd_prober_stale_verdicts_total", "Verdicts that became unknown by age.")
                    .add({}, p.stale)
                    .take());
  out.push_back(
      counter("gslbd_prober_holds_lost_total", "Held connections that broke.").add({}, p.holds_lost).take());
  FamilyBuilder lateness(MetricType::Histogram, "gslbd_probe_lateness_seconds",
                         "How long after they were due probes began.");
  out.push_back(lateness.add({}, histogram_of(p.lateness)).take());
}

void add_threads(const std::vector<MetricsView::Thread>& threads, std::vector<MetricFamily>& out) {
  FamilyBuilder stuck = gauge("gslbd_thread_stuck", "1 while the thread shows no sign of life, else 0.");
  for (const auto& t : threads) stuck.add({{"thread", t.name}}, t.stuck ? 1.0 : 0.0);
  out.push_back(stuck.take());
}

// What is kept and told of what happened.
void add_records(const MetricsView& view, std::vector<MetricFamily>& out) {
  FamilyBuilder targets = gauge("gslbd_target_uptime_ratio",
                                "Share of the window that the target was up, of the time it was known.");
  FamilyBuilder sites = gauge("gslbd_site_uptime_ratio",
                              "Share of the window that a member at the site was alive, of the time known.");
  for (const auto& u : view.uptimes) {
    if (u.check.empty()) {
      sites.add({{"site", u.site}, {"window", u.window}}, u.ratio);
    } else {
      targets.add({{"check", u.check}, {"target", u.target}, {"window", u.window}}, u.ratio);
    }
  }
  out.push_back(targets.take());
  out.push_back(sites.take());
  out.push_back(counter("gslbd_journal_entries_total", "Entries of the journal by what became of them.")
                    .add({{"result", "written"}}, view.journal.written)
                    .add({{"result", "queue_full"}}, view.journal.queue_full)
                    .add({{"result", "write_failed"}}, view.journal.write_failed)
                    .take());
  FamilyBuilder deliveries =
      counter("gslbd_hook_deliveries_total", "Messages of hooks by what became of an attempt.");
  FamilyBuilder dropped =
      counter("gslbd_hook_events_dropped_total", "Events that a hook was too slow to take.");
  for (const auto& h : view.hooks) {
    deliveries.add({{"hook", h.hook}, {"outcome", "delivered"}}, h.delivered);
    deliveries.add({{"hook", h.hook}, {"outcome", "failed"}}, h.failed);
    deliveries.add({{"hook", h.hook}, {"outcome", "retried"}}, h.retried);
    dropped.add({{"hook", h.hook}}, h.dropped);
  }
  out.push_back(deliveries.take());
  out.push_back(dropped.take());
}

std::vector<MetricFamily> collect(const MetricsView& view) {
  std::vector<MetricFamily> all;
  if (view.of_main) {
    add_program(view, all);
    add_transports(view.net, all);
    add_protection(view, all);
    add_answers(view, all);
  }
  add_threads(view.threads, all);
  add_checks(view, all);
  add_prober(view.prober, all);
  add_records(view, all);
  // HELP and TYPE without a sample would be noise.
  std::erase_if(all, [](const MetricFamily& family) { return family.metric.empty(); });
  return all;
}

class ViewCollectable final : public prometheus::Collectable {
 public:
  explicit ViewCollectable(std::function<MetricsView()> take_view) : take_view_(std::move(take_view)) {}
  std::vector<MetricFamily> Collect() const override { return collect(take_view_()); }

 private:
  const std::function<MetricsView()> take_view_;
};

}  // namespace

std::string render_metrics(const MetricsView& view) {
  return prometheus::TextSerializer().Serialize(collect(view));
}

std::shared_ptr<prometheus::Collectable> make_collectable(std::function<MetricsView()> take_view) {
  return std::make_shared<ViewCollectable>(std::move(take_view));
}

}  // namespace gslbd::server
