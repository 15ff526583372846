// SPDX-License-Identifier: Apache-2.0
#include "tests/cost/workload.h"

#include <array>
#include <string>

#include "core/random.h"
#include "core/time.h"
#include "tests/support/serving.h"
#include "tests/support/wire_name.h"
#include "zones/rr_type.h"

namespace gslbd::cost {
namespace {

using test::TestPool;
namespace type = zones::type;

/// Five hundred full batches: a sample of the table that is large enough for its mean to be the table's.
constexpr std::size_t kQueries = 500 * server::kMaxBatch;
constexpr std::uint32_t kStaticNames = 100'000;
constexpr std::uint32_t kPoolNames = 8;

const server::CookieSecrets& secrets() {
  static const auto out = *server::CookieSecrets::parse("000102030405060708090a0b0c0d0e0f\n", "secrets");
  return out;
}

// What a server has by default: cookies, and no limits.
std::shared_ptr<const server::AnswerPolicy> policy() {
  auto p = std::make_shared<server::AnswerPolicy>();
  p->cookies = secrets();
  return p;
}

void put16(Octets& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

Octets query(std::string_view name, std::uint16_t qtype, Random& random) {
  Octets out;
  put16(out, random.below(0x10000));                        // ID
  put16(out, 0);                                            // flags: RD is for resolvers
  for (const unsigned n : {1U, 0U, 0U, 0U}) put16(out, n);  // records in the sections
  const Octets wire = test::plain_wire_name(name);
  out.insert(out.end(), wire.begin(), wire.end());
  put16(out, qtype);
  put16(out, zones::kClassIn);
  return out;
}

// An OPT with DO, as resolvers send it (RFC 6891 §6.1.2), with one option if there is `data`.
void add_opt(Octets& out, std::uint16_t option, const Octets& data) {
  constexpr unsigned kPayload = 1232, kDnssecOk = 0x8000;
  out[11] = 1;  // ARCOUNT
  out.push_back(0);
  put16(out, type::kOpt);
  put16(out, kPayload);
  put16(out, 0);
  put16(out, kDnssecOk);
  put16(out, data.empty() ? 0 : static_cast<unsigned>(data.size() + 4));
  if (data.empty()) return;
  put16(out, option);
  put16(out, static_cast<unsigned>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
}

// The client's cookie (RFC 7873 §4.1), alone or with the one that we gave it.
Octets cookie(bool known, Random& random) {
  std::array<std::uint8_t, server::CookieSecrets::kClientCookie> client;
  for (auto& octet : client) octet = static_cast<std::uint8_t>(random.next());
  Octets out(client.begin(), client.end());
  if (!known) return out;
  const auto server = secrets().make(client, asker().address, server::cookie_time(ManualClock().wall_now()));
  out.insert(out.end(), server.begin(), server.end());
  return out;
}

std::string number(std::uint32_t n) {
  std::string digits = std::to_string(n);
  return std::string(6 - digits.size(), '0') + digits;
}

std::string static_zone(std::uint32_t names) {
  std::string out = R"({"zone": "example.test", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"})";
  for (std::uint32_t i = 0; i < names; ++i) {
    const auto octet = [&](unsigned shift) { return "." + std::to_string(i >> shift & 0xff); };
    out += ",\n\"host-" + number(i) + R"(": {"A": "10)" + octet(16) + octet(8) + octet(0) + "\"}";
  }
  return out + "}}";
}

// Every tenth name is none of the zone's.
std::string static_name(std::uint32_t names, bool missing, Random& random) {
  return (missing ? "none-" : "host-") + number(random.below(names)) + ".example.test";
}

Workload static_names() {
  Workload out{test::make_serving(test::load_zones({static_zone(kStaticNames)}, {}), {}, policy()), {}};
  Random random(1);
  for (std::size_t i = 0; i < kQueries; ++i) {
    const bool missing = random.below(10) == 0;
    if (missing) ++out.nxdomain;
    out.queries.push_back(query(static_name(kStaticNames, missing, random), type::kA, random));
  }
  return out;
}

std::vector<TestPool> pools(server::Selection selection) {
  std::vector<TestPool> out;
  for (std::uint32_t i = 0; i < kPoolNames; ++i) {
    TestPool& pool = out.emplace_back();
    pool.name = "pool" + std::to_string(i);
    for (int n = 1; n <= 4; ++n)
      pool.addresses.push_back("192.0." + std::to_string(i) + "." + std::to_string(n));
    pool.selection = selection;
    pool.weights = {10, 20, 30, 40};
  }
  return out;
}

std::string pool_zone() {
  std::string out = R"({"zone": "gslb.test", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"})";
  for (std::uint32_t i = 0; i < kPoolNames; ++i) {
    out += ", \"www" + std::to_string(i) + R"(": {"pool": "pool)" + std::to_string(i) + "\"}";
  }
  return out + "}}";
}

std::string pool_name(Random& random) {
  return "www" + std::to_string(random.below(kPoolNames)) + ".gslb.test";
}

Workload pool_answers(server::Selection selection) {
  const auto all = pools(selection);
  Workload out{test::make_serving(test::load_zones({pool_zone()}, all), all, policy()), {}};
  Random random(1);
  for (std::size_t i = 0; i < kQueries; ++i)
    out.queries.push_back(query(pool_name(random), type::kA, random));
  return out;
}

Workload rotated() {
  return pool_answers(server::Selection::rotated);
}
Workload weighted() {
  return pool_answers(server::Selection::weighted);
}

// What resolvers send: a third each without EDNS, with it, and with a cookie that is as often known as new;
// for names with pools and without.
Workload mixed() {
  constexpr std::uint32_t kNames = 1000;
  constexpr std::uint16_t kCookie = 10;
  const auto all = pools(server::Selection::rotated);
  Workload out{test::make_serving(test::load_zones({pool_zone(), static_zone(kNames)}, all), all, policy()),
               {}};
  Random random(1);
  for (std::size_t i = 0; i < kQueries; ++i) {
    const bool missing = random.below(10) == 0;
    if (missing) ++out.nxdomain;
    const std::string name =
        missing || random.below(2) == 0 ? static_name(kNames, missing, random) : pool_name(random);
    Octets& q = out.queries.emplace_back(query(name, random.below(4) == 0 ? type::kAaaa : type::kA, random));
    const std::uint32_t kind = random.below(6);
    if (kind >= 2) add_opt(q, kCookie, kind < 4 ? Octets() : cookie(kind == 4, random));
  }
  return out;
}

// One zone whose every answer needs more than a lookup of the name: `below` of its names lead to the same
// record.
Workload below(const char* records, const std::string& tail) {
  Workload out{test::make_serving(test::load_zones({records}, {}), {}, policy()), {}};
  Random random(1);
  for (std::size_t i = 0; i < kQueries; ++i)
    out.queries.push_back(query("host-" + number(random.below(kStaticNames)) + tail, type::kA, random));
  return out;
}

Workload wildcard() {
  return below(R"({"zone": "example.test", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"},
                   "*.dev": {"A": "192.0.2.9"}}})",
               ".dev.example.test");
}

Workload referral() {
  return below(R"({"zone": "example.test", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"},
                   "sub": {"NS": ["ns1.sub", "ns2.sub"]}, "ns1.sub": {"A": "192.0.2.53", "AAAA": "2001:db8::53"},
                   "ns2.sub": {"A": "192.0.2.54", "AAAA": "2001:db8::54"}}})",
               ".sub.example.test");
}

// Clients: so many that each query of a batch is another one's, or so few that each has four in it, whose
// replies leave together. (Which ports they have moves the count by a few instructions: they are hashed. Of
// many, that averages out.)
constexpr std::size_t kMany = 8 * server::kMaxBatch;
constexpr std::size_t kFew = server::kMaxBatch / 4;

constexpr std::array<NamedWorkload, 10> kWorkloads = {{{"static", static_names},
                                                       {"rotated", rotated},
                                                       {"weighted", weighted},
                                                       {"mixed", mixed},
                                                       {"wildcard", wildcard},
                                                       {"referral", referral},
                                                       {"static-udp", static_names, kMany},
                                                       {"rotated-udp", rotated, kMany},
                                                       {"static-grouped", static_names, kFew},
                                                       {"rotated-grouped", rotated, kFew}}};

}  // namespace

server::Asker asker() {
  server::Asker out;
  out.address = *Address::parse("192.0.2.77");
  return out;
}

std::span<const NamedWorkload> workloads() {
  return kWorkloads;
}

}  // namespace gslbd::cost
