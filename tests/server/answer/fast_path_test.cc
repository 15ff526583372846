// SPDX-License-Identifier: Apache-2.0
// Whatever is asked, alone or in a batch, handle_batch() sends the octets that handle() sends, and counts the
// same. A failing seed is printed and runs alone with GSLBD_SEED.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "server/answer/fast_path.h"
#include "tests/fuzz/both_paths.h"
#include "tests/fuzz/query_mutator.h"
#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "tests/support/ldns_message.h"
#include "tests/support/wire_name.h"
#include "zones/rr_type.h"

using namespace gslbd;
using fuzz::BothPaths, fuzz::FixtureOptions, fuzz::Question, fuzz::ResponderFixture;
using test::make_query, test::QueryOptions;
namespace type = gslbd::zones::type;

namespace {

using Packet = std::vector<std::uint8_t>;

// Mostly what resolvers send, then queries changed as queries, then octets damaged.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed), mutator_(fuzz::fixture_names(), seed) {}

  std::vector<Question> batch() {
    std::vector<Question> out(1 + random_.below(server::kMaxBatch));
    for (Question& q : out) q = {packet(), asker()};
    return out;
  }
  bool one_in(std::uint32_t n) { return random_.below(n) == 0; }
  std::size_t below(std::size_t n) { return random_.below(static_cast<std::uint32_t>(n)); }

 private:
  Packet packet() {
    Packet out = plain();
    if (one_in(2)) random_case(out);
    if (one_in(3)) add_opt(out);
    if (one_in(4)) {
      for (std::uint32_t n = 1 + random_.below(3); n > 0; --n) mutator_.mutate(out);
    }
    if (one_in(10)) damage(out);
    return out;
  }

  Packet plain() {
    static constexpr std::array<std::uint16_t, 10> kTypes = {type::kA,  type::kA,  type::kA,     type::kAaaa,
                                                             type::kNs, type::kMx, type::kCname, type::kTxt,
                                                             type::kDs, type::kAny};
    const auto names = fuzz::fixture_names();
    Packet out{octet(), octet(), static_cast<std::uint8_t>(random_.below(2)), 0, 0, 1, 0, 0, 0, 0, 0, 0};
    if (one_in(4)) out[3] = static_cast<std::uint8_t>(0x10 * random_.below(4));  // AD, CD (RFC 4035 §3)
    if (one_in(20)) out[2] = octet() & 0x07, out[3] = octet();  // a query has no use for them
    const Packet name = test::plain_wire_name(names[below(names.size())]);
    out.insert(out.end(), name.begin(), name.end());
    const std::uint16_t qtype = kTypes[below(kTypes.size())];
    out.insert(out.end(), {0, static_cast<std::uint8_t>(qtype), 0, zones::kClassIn});
    return out;
  }

  void random_case(Packet& packet) {
    for (std::size_t i = 12; i < packet.size(); ++i) {
      const bool letter = (packet[i] | 0x20) >= 'a' && (packet[i] | 0x20) <= 'z';
      if (letter && one_in(2)) packet[i] ^= 0x20;
    }
  }

  // Without options: RFC 6891 §6.1.2.
  void add_opt(Packet& packet) {
    static constexpr std::array<std::uint16_t, 4> kPayloads = {0, 512, 1232, 4096};
    const std::uint16_t payload = kPayloads[below(kPayloads.size())];
    const std::uint8_t dnssec_ok = one_in(2) ? 0x80 : 0, version = one_in(20) ? 1 : 0;
    const std::uint8_t rcode = one_in(20) ? octet() : 0, reserved = one_in(20) ? octet() : 0;
    packet[11] = 1;
    packet.insert(packet.end(),
                  {0, 0, type::kOpt, static_cast<std::uint8_t>(payload >> 8),
                   static_cast<std::uint8_t>(payload), rcode, version, dnssec_ok, reserved, 0, 0});
  }

  void damage(Packet& packet) {
    switch (random_.below(5)) {
      case 0:
        packet.resize(below(packet.size() + 1));
        break;
      case 1:
        for (std::uint32_t n = random_.below(40); n > 0; --n) packet.push_back(octet());
        break;
      case 2:  // an option behind the end
        packet.insert(packet.end(), {0, 3, 0, 0});
        break;
      case 3:  // in the question, where it hurts
        if (packet.size() > 12) packet[12 + below(packet.size() - 12)] = octet();
        break;
      default:
        if (!packet.empty()) packet[below(packet.size())] = octet();
    }
  }

  server::Asker asker() {
    server::Asker out;
    if (one_in(4)) {
      out.address = Address::from_v6(
          std::array<std::uint8_t, 16>{0x20, 1, 0xd, 0xb8, 0, octet(), 0, 0, 0, 0, 0, 0, 0, 0, 0, octet()});
    } else {
      out.address = Address::from_v4(
          std::array<std::uint8_t, 4>{192, 0, static_cast<std::uint8_t>(one_in(4) ? octet() : 2), octet()});
    }
    out.transport = one_in(6) ? server::Transport::tcp : server::Transport::udp;
    out.listener = static_cast<std::uint16_t>(random_.below(3));
    const bool tcp = out.transport == server::Transport::tcp;
    out.encrypted = tcp && one_in(2);
    out.keepalive = tcp && one_in(2) ? 100 : 0;
    return out;
  }

  std::uint8_t octet() { return static_cast<std::uint8_t>(random_.next()); }

  Random random_;
  fuzz::QueryMutator mutator_;
};

// A verdict changes, a reload happens, time passes: between batches, as in a worker.
void happen(Generator& generator, BothPaths& paths) {
  using server::Selection;
  if (generator.one_in(3)) {
    static constexpr std::array<Selection, 4> kSelections = {Selection::nodata, Selection::rotated,
                                                             Selection::weighted, Selection::servfail};
    const Selection selection = kSelections[generator.below(kSelections.size())];
    const bool has_records = selection == Selection::rotated || selection == Selection::weighted;
    const fuzz::PoolState state{selection, 1 + generator.below(5), !has_records || generator.one_in(4)};
    const std::size_t pool = generator.below(ResponderFixture::pool_count());
    paths.both([&](ResponderFixture& f) { f.turn_pool(pool, state); });
  }
  if (generator.one_in(3)) paths.both([](ResponderFixture& f) { f.advance(std::chrono::milliseconds(20)); });
  if (generator.one_in(50)) paths.both([](ResponderFixture& f) { f.reload(); });
}

void run(std::uint64_t seed) {
  static constexpr std::array<FixtureOptions, 10> kKinds = {{
      {},
      {.reporting = false},
      {.cookies = false, .reporting = false},
      {.cookies = false, .reporting = false, .additional = false, .udp_payload = 512},
      {.reporting = false, .udp_payload = 4096},
      {.access_lists = true, .reporting = false},
      {.access_lists = true, .reporting = false, .first_zone = 2},
      {.reporting = false, .first_zone = 3},
      {.rate_limit = true, .reporting = false},
      {.access_lists = true, .rate_limit = true},
  }};
  INFO("GSLBD_SEED=" << seed);
  Generator generator(seed);
  BothPaths paths(kKinds[seed % kKinds.size()], seed);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(paths.difference(generator.batch()) == "");
    happen(generator, paths);
  }
}

// Tells whether a query came the long way.
class LongWay final : public server::QueryHandler {
 public:
  std::size_t handle(std::span<const std::uint8_t>, const server::Asker&,
                     std::span<std::uint8_t>) noexcept override {
    taken = true;
    return 0;
  }
  bool taken = false;
};

}  // namespace

TEST_CASE("what is asked most takes the fast path") {
  test::Authority authority({R"({"zone": "e.test", "records": {
      "@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "*.w": {"TXT": "x"}, "p": {"pool": "p"},
      "c": {"CNAME": "ns"}, "sub": {"NS": "ns.sub"}, "ns.sub": {"A": "192.0.2.3"}}})"},
                            {{"p", {"192.0.2.10", "192.0.2.11"}}});
  ManualClock clock;
  server::PoolRecords pools(0, 1);
  server::ResponseCounters counters;
  server::FastPath fast(pools, counters, clock);
  std::vector<std::uint8_t> response(server::kMaxUdpResponseSize);
  const auto is_fast = [&](const char* name, std::uint16_t qtype, const QueryOptions& options) {
    Packet packet = make_query(name, qtype, options);
    const std::size_t size = packet.size();
    packet.resize(size + server::kReadAhead);
    server::BatchQuery query{std::span(packet).first(size), {}, response, 0};
    LongWay long_way;
    fast.answer(*authority.serving().read(), {&query, 1}, long_way);
    return !long_way.taken && query.length > 0;
  };
  const QueryOptions bare{.edns = true}, cookie{.edns = true, .options = {{10, Packet(8, 1)}}};
  for (const QueryOptions& options : {QueryOptions{}, bare, cookie}) {
    CHECK(is_fast("ns.e.test.", type::kA, options));
    CHECK(is_fast("NS.E.test.", type::kAaaa, options));
    CHECK(is_fast("a.b.w.e.test.", type::kTxt, options));
    CHECK(is_fast("p.e.test.", type::kA, options));
    CHECK(is_fast("nothing.e.test.", type::kA, options));
    CHECK_FALSE(is_fast("c.e.test.", type::kA, options));
    CHECK(is_fast("a.sub.e.test.", type::kA, options) == options.options.empty());
    CHECK_FALSE(is_fast("elsewhere.", type::kA, options));
  }
}

TEST_CASE("a batch is answered as its queries would be one by one") {
  if (const char* seed = std::getenv("GSLBD_SEED")) return run(std::strtoull(seed, nullptr, 10));
  for (std::uint64_t seed = 0; seed < 80; ++seed) run(seed);
}

TEST_CASE("a batch is truncated as its queries would be, whatever payload each one allows") {
  BothPaths paths({.reporting = false});
  const QueryOptions bare{.edns = true}, cookie{.options = {{10, Packet(8, 1)}}};
  const auto ask = [&](const char* name, std::uint16_t qtype) {
    std::vector<Question> batch;
    for (std::uint16_t payload = 500; payload < 1300; ++payload) {
      for (QueryOptions options : {bare, cookie}) {
        options.udp_payload = payload;
        batch.push_back({make_query(name, qtype, options), {}});
      }
      if (batch.size() < server::kMaxBatch) continue;
      INFO(name << " up to " << payload << " octets");
      REQUIRE(paths.difference(batch) == "");
      batch.clear();
    }
  };
  ask("text.e.test.", type::kTxt);
  ask("some.e.test.", type::kA);
  ask("some.e.test.", type::kAaaa);
}

TEST_CASE("the queries that both paths are compared with get answers of every kind") {
  BothPaths paths({}, 1);
  Generator generator(1);
  for (int i = 0; i < 100; ++i) REQUIRE(paths.difference(generator.batch()) == "");
  const auto sent = paths.counters();
  const auto all = std::accumulate(sent.begin(), sent.begin() + server::ResponseCounters::kRcodes, 0.0);
  const auto share = [&](server::Rcode rcode) {
    return static_cast<double>(sent[static_cast<std::size_t>(rcode)]) / all;
  };
  CHECK(share(server::Rcode::noerror) > 0.5);
  CHECK(share(server::Rcode::nxdomain) > 0.02);
  CHECK(share(server::Rcode::refused) > 0.01);
  CHECK(share(server::Rcode::formerr) > 0.02);
  CHECK(share(server::Rcode::servfail) > 0.001);
}
