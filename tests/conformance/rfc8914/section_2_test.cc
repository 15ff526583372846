// SPDX-License-Identifier: Apache-2.0
// RFC 8914: extended errors: the option's form (§2), when it is sent (§3), and our INFO-CODEs (§4).
#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kError = 15;
constexpr int kStaleAnswer = 3, kProhibited = 18, kNotAuthoritative = 20, kNotSupported = 21,
              kNoReachableAuthority = 22;

// The INFO-CODE, its form checked; -1: there is none.
int info_code(const Message& m) {
  const EdnsOption* o = m.option(kError);
  if (o == nullptr) return -1;
  REQUIRE(o->data.size() >= 2);
  for (std::size_t i = 2; i < o->data.size(); ++i) CHECK((o->data[i] >= 0x20 && o->data[i] < 0x7f));
  int count = 0;
  for (const auto& option : m.options) count += option.code == kError ? 1 : 0;
  CHECK(count == 1);
  return o->data[0] << 8 | o->data[1];
}

std::vector<TestPool> pools() {
  auto out = web_pool();
  for (const auto& [name, selection] :
       {std::pair{"open", server::Selection::rotated}, std::pair{"nodata", server::Selection::nodata},
        std::pair{"servfail", server::Selection::servfail}}) {
    out.push_back({name, {"192.0.2.66", "2001:db8::66"}, selection});
    out.back().all_down = true;
  }
  return out;
}

Authority authority(std::shared_ptr<const server::AnswerPolicy> policy = nullptr) {
  return Authority(
      {zone("e.test", R"("www": {"pool": "web"}, "open": {"pool": "open"}, "nodata": {"pool": "nodata"},
      "servfail": {"pool": "servfail"}, "static": {"A": "192.0.2.1"}, "cut": {"NS": "ns.x.test."},
      "alias": {"CNAME": "servfail"})")},
      pools(), std::move(policy));
}

// Asked over both transports, which must say the same.
Message ask(Authority& server, const std::string& name, std::uint16_t qtype) {
  const auto udp = server.ask(name, qtype, {.edns = true}, kUdp);
  const auto tcp = server.ask(name, qtype, {.edns = true}, kTcp);
  check_same(udp, tcp);
  CHECK(info_code(udp) == info_code(tcp));
  return udp;
}

}  // namespace

TEST_CASE("RFC 8914 §3: without an OPT in the query there is no extended error") {
  auto server = authority();
  for (const auto transport : {kUdp, kTcp}) {
    CHECK_FALSE(server.ask("elsewhere.test.", type::kA, {}, transport).edns);
    CHECK_FALSE(server.ask("servfail.e.test.", type::kA, {}, transport).edns);
  }
}

TEST_CASE("RFC 8914: an answer with nothing wrong has none") {
  auto server = authority();
  for (const char* name : {"www.e.test.", "static.e.test.", "nothing.e.test.", "x.cut.e.test.", "e.test."}) {
    CHECK(info_code(ask(server, name, type::kA)) == -1);
  }
}

TEST_CASE("RFC 8914 §4.21: Not Authoritative, for names and classes that are not ours") {
  auto server = authority();
  const auto m = ask(server, "elsewhere.test.", type::kA);
  CHECK(m.rcode == rcode::kRefused);
  CHECK(info_code(m) == kNotAuthoritative);
  const auto hesiod = server.ask("www.e.test.", type::kA, {.qclass = 4, .edns = true});
  CHECK(hesiod.rcode == rcode::kRefused);
  CHECK(info_code(hesiod) == kNotAuthoritative);
}

TEST_CASE("RFC 8914 §4.22: Not Supported, for zone transfers") {
  auto server = authority();
  for (const std::uint16_t qtype : Numbers{251, 252}) {
    const auto m = ask(server, "e.test.", qtype);
    CHECK(m.rcode == rcode::kRefused);
    CHECK(info_code(m) == kNotSupported);
  }
}

TEST_CASE("RFC 8914 §4.19: Prohibited, for askers that a listener or a zone does not admit") {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->listeners.emplace_back(std::vector<Prefix>{},
                                 std::vector<Prefix>{*Prefix::parse("203.0.113.0/24")});
  auto listener = authority(policy);
  std::string closed = zone("z.test", R"("www": {"pool": "web"})");
  closed.insert(1, R"("deny": ["203.0.113.0/24"], )");
  Authority zoned({closed}, web_pool());
  for (const auto transport : {kUdp, kTcp}) {
    for (auto* server : {&listener, &zoned}) {
      const auto* name = server == &listener ? "www.e.test." : "www.z.test.";
      server::Asker asker;
      asker.transport = transport;
      asker.address = *Address::parse("203.0.113.9");
      const auto m = parse_message(server->raw(make_query(name, type::kA, {.edns = true}), asker));
      REQUIRE(m.has_value());
      CHECK(m->rcode == rcode::kRefused);
      CHECK(info_code(*m) == kProhibited);
      CHECK(m->answer.empty());
      asker.address = *Address::parse("203.0.112.9");
      const auto other = parse_message(server->raw(make_query(name, type::kA, {.edns = true}), asker));
      REQUIRE(other.has_value());
      CHECK(other->answer.size() == 2);
    }
  }
}

TEST_CASE("RFC 8914 §4.4: Stale Answer, when a pool answers with members that are down") {
  auto server = authority();
  const auto m = ask(server, "open.e.test.", type::kA);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.size() == 1);
  CHECK(info_code(m) == kStaleAnswer);
}

TEST_CASE("RFC 8914 §4.23: No Reachable Authority, when a pool has nobody to answer with") {
  auto server = authority();
  const auto nodata = ask(server, "nodata.e.test.", type::kA);
  CHECK(nodata.rcode == rcode::kNoError);
  CHECK(nodata.answer.empty());
  CHECK(info_code(nodata) == kNoReachableAuthority);
  for (const char* name : {"servfail.e.test.", "alias.e.test."}) {
    const auto m = ask(server, name, type::kAaaa);
    CHECK(m.rcode == rcode::kServFail);
    CHECK(info_code(m) == kNoReachableAuthority);
  }
}

TEST_CASE("RFC 8914 §3: an extended error never causes truncation") {
  // The answer leaves room for an OPT of 11 octets and no more.
  TestPool pool{"full", {}};
  for (int i = 0; i < 29; ++i) pool.addresses.push_back("192.0.2." + std::to_string(i));
  pool.all_down = true;
  const std::string label(512 - 11 - 29 * 16 - 12 - 4 - 1 - 8, 'f');
  Authority server({zone("e.test", "\"" + label.substr(0, label.size()) + R"(": {"pool": "full"})")}, {pool});
  const auto m = server.ask(label + ".e.test.", type::kA, {.edns = true, .udp_payload = 512});
  CHECK(m.size == 512);
  CHECK_FALSE(m.tc);
  CHECK(m.answer.size() == 29);
  CHECK(info_code(m) == -1);
}

}  // namespace gslbd::test
