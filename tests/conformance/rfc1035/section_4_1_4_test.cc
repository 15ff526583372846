// SPDX-License-Identifier: Apache-2.0
// RFC 1035 §4.1.4: message compression: owners are pointers, and so are names in the RDATA of the RFC's own
// types.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World(
      {zone("c.test", R"("@": {"NS": ["ns1", "ns.other.test."], "MX": ["10 mail", "20 mail.other.test."]},
      "www": {"pool": "web"}, "mail": {"A": "192.0.2.25", "AAAA": "2001:db8::25"}, "alias": {"CNAME": "www"},
      "far": {"CNAME": "www.d.test."}, "ptr": {"PTR": "www"}, "*.w": {"MX": "10 mail"},
      "sub": {"NS": ["ns.sub", "ns2.sub"]}, "ns.sub": {"A": "192.0.2.53"}, "ns2.sub": {"A": "192.0.2.54"},
      "dn": {"DNAME": "d.test."})"),
       zone("d.test", R"("www": {"CNAME": "x"}, "x": {"pool": "web"})")});
}

}  // namespace

TEST_CASE("RFC 1035: no owner in a response is written out twice") {
  auto w = world();
  for (const auto& [name, qtype] :
       {std::pair{"www.c.test.", type::kA}, std::pair{"c.test.", type::kMx}, std::pair{"c.test.", type::kNs},
        std::pair{"far.c.test.", type::kAaaa}, std::pair{"x.y.w.c.test.", type::kMx},
        std::pair{"a.sub.c.test.", type::kA}, std::pair{"nothing.c.test.", type::kA},
        std::pair{"www.dn.c.test.", type::kA}}) {
    INFO(name << " " << qtype);
    const auto m = w.ask(name, qtype);
    for (const auto& r : take_apart(m.wire)) CHECK((r.owner_at == 12 || m.wire[r.owner_at] >= 0xc0));
  }
}

TEST_CASE("RFC 1035: names of the zone in NS, MX, CNAME, PTR and SOA are compressed") {
  auto w = world();
  for (const auto& [name, qtype, name_after, size] :
       {std::tuple{"alias.c.test.", type::kCname, 0U, 6U}, std::tuple{"ptr.c.test.", type::kPtr, 0U, 6U}}) {
    const auto m = w.ask(name, qtype);
    const auto records = take_apart(m.wire);
    REQUIRE(records.size() == 1);
    CHECK(records[0].rdata_size == size);
    CHECK(name_at(m.wire, records[0].rdata_at + name_after) == "www.c.test.");
  }
  const auto soa_answer = w.ask("c.test.", type::kSoa);
  const auto records = take_apart(soa_answer.wire);
  REQUIRE(records.size() >= 1);
  CHECK(records[0].rdata_size == 6 + 13 + 20);  // "ns1" and "hostmaster", each with a pointer; five numbers
}

TEST_CASE("RFC 1035: every pointer leads to a name that stands before it, wherever the records are moved") {
  auto w = world();
  for (const std::string& prefix :
       {std::string(), std::string("a."), std::string(63, 'l') + ".", std::string("a.b.c.d.e.f.")}) {
    for (const char* base : {"w.c.test.", "sub.c.test.", "dn.c.test.", "nothing.c.test."}) {
      for (const std::uint16_t qtype : Numbers{type::kMx, type::kA, type::kNs}) {
        const auto m = w.ask(prefix + base, qtype, {}, kTcp);
        (void)take_apart(m.wire);  // checks each pointer
      }
    }
  }
}

TEST_CASE("RFC 1035: responses are no larger than they need be") {
  auto w = world();
  CHECK(w.ask("www.c.test.", type::kA).size == 12 + 16 + 2 * 16);
  CHECK(w.ask("mail.c.test.", type::kA).size == 12 + 17 + 16);
  CHECK(w.ask("alias.c.test.", type::kCname).size == 12 + 18 + 12 + 6);
}

TEST_CASE("RFC 1035: pointers in a query's records are stepped over without being followed") {
  auto w = world();
  for (const Octets& owner : {Octets{0xc0, 0x0c}, Octets{0xff, 0xff}, Octets{1, 'a', 0xc0, 0x0c}}) {
    const auto m = w.send(Packet()
                              .question("www.c.test.", type::kA)
                              .record(Packet::additional_section, owner, type::kA, 1, 0, {192, 0, 2, 1}));
    REQUIRE(m.has_value());
    CHECK((m->rcode == rcode::kNoError || m->rcode == rcode::kFormErr));
  }
}

}  // namespace gslbd::test
