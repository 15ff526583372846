// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/responder_fixture.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <string>

#include "server/steering/decide.h"

namespace gslbd::fuzz {
namespace {

using server::Selection;
using test::TestPool;

// Repeated strings stand for what is too long to write out: see zone_texts().
constexpr const char* kParent = R"({"zone": "e.test", "ttl": "5m", "records": {
  "@": {"NS": ["ns", "ns.f.test.", "ns.away.example."], "MX": ["10 mail", "20 mail.f.test.", "30 pool"],
        "TXT": ["\"one\"", "\"two\""], "CAA": ["0 issue \"ca.example\""], "pool": "rotated"},
  "ns": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
  "mail": {"A": ["192.0.2.25", "192.0.2.26"], "AAAA": "2001:db8::25"},
  "pool": {"pool": "rotated"}, "weighted": {"pool": {"name": "weighted", "ttl": "5s"}, "TXT": "\"beside\""},
  "empty": {"pool": "empty"}, "broken": {"pool": "broken"}, "six": {"pool": "six"}, "many": {"pool": "many"},
  "ramped": {"pool": "ramped"}, "pending": {"pool": {"name": "pending", "ttl": "1h"}}, "failed": {"pool": "failed"},
  "some": {"pool": "some"}, "text": {"TXT": [%SOME%]},
  "c1": {"CNAME": "c2"}, "c2": {"CNAME": "c3.f.test."}, "to.pool": {"CNAME": "many"}, "to.broken": {"CNAME": "broken"},
  "l": {"CNAME": "m"}, "m": {"CNAME": "l"}, "out": {"CNAME": "x.away.example."}, "hole": {"CNAME": "nothing.here"},
  "into.cut": {"CNAME": "x.sub"}, "into.wild": {"CNAME": "x.w"}, "into.child": {"CNAME": "www.child"},
  "*.w": {"A": "192.0.2.9", "MX": "5 x.w"}, "*.cw": {"CNAME": "pool"}, "*.pw": {"pool": "weighted"},
  "*.mid.w": {"TXT": "\"deep\""}, "a.*.star": {"A": "192.0.2.8"}, "exists.w": {"TXT": "\"no address\""},
  "b.c.d": {"A": "192.0.2.2"},
  "sub": {"NS": ["ns.sub", "ns2.sub", "mail", "ns.f.test.", "ns.away.example."], "DS": ["12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]},
  "ns.sub": {"A": "192.0.2.53"}, "ns2.sub": {"AAAA": "2001:db8::53"}, "hidden.sub": {"TXT": "\"occluded\""},
  "bare": {"NS": "ns.away.example."}, "crowd": {"NS": [%NS%]}, %GLUE%
  "child": {"NS": "ns.child", "DS": ["1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]},
  "ns.child": {"A": "192.0.2.54"},
  "d": {"DNAME": "w"}, "dd": {"DNAME": "d"}, "dx": {"DNAME": "dy"}, "dy": {"DNAME": "dx"}, "df": {"DNAME": "f.test."},
  "dlong": {"DNAME": "%LABEL%.%LABEL%.%LABEL%"}, "dgrow": {"DNAME": "g.dgrow2"}, "dgrow2": {"DNAME": "g.g.dgrow"},
  "srv": {"SRV": ["1 1 80 mail", "1 2 80 pool", "2 1 80 x.w", "2 2 80 www.f.test.", "3 3 80 ."]},
  "svc": {"SVCB": ["0 svc2"], "HTTPS": ["1 . alpn=h2", "2 pool port=8443"], "A": "192.0.2.80"},
  "svc2": {"SVCB": ["1 mail alpn=h3 ipv4hint=192.0.2.25"]},
  "afs": {"AFSDB": "1 mail", "KX": "10 mail", "NAPTR": "1 1 \"s\" \"\" \"\" srv", "RP": "who.e.test. txt.e.test.",
          "HINFO": "\"a\" \"b\"", "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
          "SSHFP": "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
          "TLSA": "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "TYPE65280": "\\# 3 010203",
          "PTR": "ns", "URI": "1 1 \"https://e.test/\""},
  "many.mx": {"MX": [%MX%]}, %HOSTS%
  "big": {"TXT": [%TXT%]}, "huge": {"TXT": [%HUGE%]}}})";

constexpr const char* kChild = R"({"zone": "child.e.test", "soa": {"minimum": "1h"}, "records": {
  "@": {"NS": ["ns", "ns.e.test."]}, "ns": {"A": "192.0.2.54"}, "www": {"pool": "six"}, "up": {"CNAME": "c1.e.test."},
  "back": {"DNAME": "e.test."}}})";

// Its parent knows nothing of it.
constexpr const char* kLone = R"({"zone": "lone.e.test", "records": {
  "@": {"NS": "ns.e.test."}, "www": {"A": "192.0.2.55"}}})";

constexpr const char* kSibling = R"({"zone": "f.test", "records": {
  "@": {"NS": ["ns", "ns.e.test."], "MX": "1 mail.e.test."}, "ns": {"A": "198.51.100.1", "AAAA": "2001:db8:1::1"},
  "mail": {"CNAME": "mail.e.test."}, "www": {"pool": "rotated"}, "c3": {"CNAME": "pool.e.test."},
  "secret": {"TXT": "\"for some alone\""}}})";

constexpr const char* kShort =
    R"({"zone": "t", "records": {"@": {"NS": "ns.e.test."}, "*": {"A": "192.0.2.200"}}})";

constexpr std::array<std::string_view, 79> kNames = {"e.test",
                                                     "E.tEsT",
                                                     "ns.e.test",
                                                     "mail.e.test",
                                                     "pool.e.test",
                                                     "weighted.e.test",
                                                     "empty.e.test",
                                                     "broken.e.test",
                                                     "six.e.test",
                                                     "many.e.test",
                                                     "ramped.e.test",
                                                     "pending.e.test",
                                                     "failed.e.test",
                                                     "some.e.test",
                                                     "text.e.test",
                                                     "lone.e.test",
                                                     "www.lone.e.test",
                                                     "c1.e.test",
                                                     "c2.e.test",
                                                     "to.pool.e.test",
                                                     "to.broken.e.test",
                                                     "l.e.test",
                                                     "out.e.test",
                                                     "hole.e.test",
                                                     "into.cut.e.test",
                                                     "into.wild.e.test",
                                                     "into.child.e.test",
                                                     "x.w.e.test",
                                                     "*.w.e.test",
                                                     "w.e.test",
                                                     "exists.w.e.test",
                                                     "x.exists.w.e.test",
                                                     "x.cw.e.test",
                                                     "x.pw.e.test",
                                                     "x.mid.w.e.test",
                                                     "mid.w.e.test",
                                                     "a.*.star.e.test",
                                                     "a.b.star.e.test",
                                                     "c.d.e.test",
                                                     "x.b.c.d.e.test",
                                                     "sub.e.test",
                                                     "www.sub.e.test",
                                                     "ns.sub.e.test",
                                                     "hidden.sub.e.test",
                                                     "bare.e.test",
                                                     "x.bare.e.test",
                                                     "crowd.e.test",
                                                     "x.crowd.e.test",
                                                     "child.e.test",
                                                     "www.child.e.test",
                                                     "up.child.e.test",
                                                     "x.back.child.e.test",
                                                     "d.e.test",
                                                     "x.d.e.test",
                                                     "x.dd.e.test",
                                                     "x.dx.e.test",
                                                     "www.df.e.test",
                                                     "x.dlong.e.test",
                                                     "x.dgrow.e.test",
                                                     "srv.e.test",
                                                     "svc.e.test",
                                                     "svc2.e.test",
                                                     "afs.e.test",
                                                     "many.mx.e.test",
                                                     "big.e.test",
                                                     "huge.e.test",
                                                     "nothing.e.test",
                                                     "f.test",
                                                     "ns.f.test",
                                                     "mail.f.test",
                                                     "www.f.test",
                                                     "c3.f.test",
                                                     "secret.f.test",
                                                     "t",
                                                     "any.t",
                                                     "version.bind",
                                                     "hostname.bind",
                                                     "id.server",
                                                     "away.example"};

std::string list(int count, const std::function<std::string(int)>& item) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + item(i);
  return out;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

std::string txt(int i, std::size_t length) {
  return "\"\\\"" + std::to_string(i) + std::string(length, 'x') + "\\\"\"";
}

std::vector<std::string> zone_texts() {
  std::string parent = kParent;
  const auto host = [](int i) { return "host-with-quite-a-long-name-" + std::to_string(i); };
  replace_all(parent, "%LABEL%", std::string(60, 'l'));
  replace_all(parent, "%TXT%", list(20, [](int i) { return txt(i, 90); }));
  replace_all(parent, "%SOME%", list(9, [](int i) { return txt(i, 70); }));
  replace_all(parent, "%HUGE%", list(220, [](int i) { return txt(i, 240); }));
  replace_all(parent, "%MX%", list(25, [&](int i) { return "\"10 " + host(i) + "\""; }));
  replace_all(parent, "%NS%", list(13, [](int i) { return "\"n" + std::to_string(i) + ".crowd\""; }));
  std::string glue;
  for (int i = 0; i < 13; ++i) {
    const std::string n = std::to_string(i);
    glue += "\"n" + n + ".crowd\": {\"A\": \"192.0.2." + n + "\", \"AAAA\": [\"2001:db8::1:" + n +
            "\", \"2001:db8::2:" + n + "\"]}, ";
  }
  replace_all(parent, "%GLUE%", glue);
  std::string hosts;
  for (int i = 0; i < 25; ++i) {
    hosts += "\"" + host(i) + "\": {\"A\": \"192.0.2.77\", \"AAAA\": \"2001:db8::77\"}, ";
  }
  replace_all(parent, "%HOSTS%", hosts);
  return {parent, kChild, kSibling, kShort, kLone};
}

struct PoolSpec {
  const char* name;
  std::uint32_t v4;
  std::uint32_t v6;
  Selection selection;
};
constexpr std::array<PoolSpec, 10> kPools = {{{"rotated", 3, 2, Selection::rotated},
                                              {"weighted", 5, 3, Selection::weighted},
                                              {"empty", 2, 2, Selection::nodata},
                                              {"broken", 2, 2, Selection::servfail},
                                              {"six", 0, 2, Selection::rotated},
                                              {"many", 90, 60, Selection::rotated},
                                              {"ramped", 4, 4, Selection::weighted},
                                              {"pending", 2, 1, Selection::rotated},
                                              {"failed", 3, 2, Selection::rotated},
                                              {"some", 45, 25, Selection::rotated}}};

TestPool pool(const PoolSpec& spec) {
  TestPool out;
  out.name = spec.name;
  out.selection = spec.selection;
  out.all_down =
      spec.selection == Selection::nodata || spec.selection == Selection::servfail || out.name == "failed";
  if (out.name == "pending") out.pending_ttl_s = 3;
  const auto add = [&](const std::string& prefix, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      out.addresses.push_back(prefix + std::to_string(i));
      out.weights.push_back(1 + i * 7);
      // The first is there for all clients, the others for a half, a quarter, an eighth of them.
      if (out.name == "ramped") out.shares.push_back(server::kShareSteps >> i);
    }
  };
  add("203.0.113.", spec.v4);
  add("2001:db8:9::", spec.v6);
  return out;
}

const std::vector<TestPool>& pools() {
  static const auto all = [] {
    std::vector<TestPool> out;
    for (const PoolSpec& spec : kPools) out.push_back(pool(spec));
    return out;
  }();
  return all;
}

std::vector<Prefix> prefixes(std::initializer_list<const char*> texts) {
  std::vector<Prefix> out;
  for (const char* text : texts) out.push_back(*Prefix::parse(text));
  return out;
}

// So tight that a fuzzer meets every outcome: sent, truncated, dropped, leaked.
std::shared_ptr<server::RateLimiter> rate_limiter() {
  server::RateLimitSettings settings;
  settings.per_second = {20, 15, 10, 5, 8};
  settings.all_per_second = 100;
  settings.slip = 2;
  settings.leak = 5;
  settings.exempt = prefixes({"192.0.2.1/32"});
  settings.table_size = server::RateLimitSettings::kMinTableSize;
  return std::make_shared<server::RateLimiter>(settings, 1);
}

std::shared_ptr<const server::AnswerPolicy> policy(const FixtureOptions& options) {
  auto p = std::make_shared<server::AnswerPolicy>();
  p->udp_payload = options.udp_payload;
  p->additional = options.additional;
  const std::string_view id = "fuzz.example";
  p->nsid.assign(id.begin(), id.end());
  p->nsid.resize(server::AnswerPolicy::kMaxNsid, '-');
  for (const char* name : {"version.bind", "version.server"}) p->chaos.add(name, "a version");
  for (const char* name : {"hostname.bind", "id.server"}) p->chaos.add(name, std::string(255, 'i'));
  if (options.cookies) {
    p->cookies = *server::CookieSecrets::parse(
        "000102030405060708090a0b0c0d0e0f\nf0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\n", "secrets");
  }
  if (options.reporting) {
    const zones::Name agent = zones::Name::parse("agent.e.test.").value();
    p->report_agent.assign(agent.wire().begin(), agent.wire().end());
  }
  if (options.access_lists) {
    p->listeners = {server::AccessList({}, prefixes({"192.0.2.128/25", "2001:db8::80/121"})),
                    server::AccessList(prefixes({"192.0.2.0/26"}), prefixes({"192.0.2.7/32"}))};
  }
  if (options.rate_limit) p->rate_limiter = rate_limiter();
  return p;
}

// Compiled once: a rate limit knows names by where they are, and two fixtures are to agree.
std::vector<server::ServedZone> zones_for(const FixtureOptions& options) {
  static const auto all = test::load_zones(zone_texts(), pools());
  auto out = all;
  std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(options.first_zone), out.end());
  if (!options.access_lists) return out;
  const auto sibling = zones::Name::parse("f.test.").value();
  for (server::ServedZone& zone : out) {
    if (!(zone.zone->apex() == sibling)) continue;
    zone.access = std::make_shared<const server::AccessList>(prefixes({"192.0.2.0/28", "2001:db8::/124"}),
                                                             std::vector<Prefix>());
  }
  return out;
}

}  // namespace

std::span<const std::string_view> fixture_names() {
  return kNames;
}

ResponderFixture::ResponderFixture(const FixtureOptions& options) : options_(options) {
  reload();
  responder_ = std::make_unique<server::Responder>(serving_, 0, 1, clock_);
}

void ResponderFixture::reload() {
  (void)serving_.exchange(test::make_serving(zones_for(options_), pools(), policy(options_)));
}

std::size_t ResponderFixture::pool_count() {
  return kPools.size();
}

void ResponderFixture::turn_pool(std::size_t index, const PoolState& state) {
  TestPool pool = pools()[index];
  pool.selection = state.selection;
  pool.all_down = state.all_down;
  pool.addresses.resize(std::min(pool.addresses.size(), state.addresses));
  if (state.selection != Selection::weighted) pool.shares.clear();
  (void)serving_.read()->pool(static_cast<std::uint32_t>(index)).exchange(test::compile_pool(pool));
}

std::span<const std::uint8_t> ResponderFixture::ask(std::span<const std::uint8_t> packet,
                                                    const server::Asker& asker) {
  const std::size_t room =
      asker.transport == server::Transport::tcp ? server::kMaxMessageSize : server::kMaxUdpResponseSize;
  const auto buffer = std::span(buffer_).first(room);
  const std::size_t size = responder_->handle(packet, asker, buffer);
  if (size > room) std::abort();
  return buffer.first(size);
}

}  // namespace gslbd::fuzz
