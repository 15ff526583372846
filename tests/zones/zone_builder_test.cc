// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_builder.h"

#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/zones/zone_text.h"
#include "zones/lookup.h"
#include "zones/rdata.h"
#include "zones/rdata_targets.h"

using namespace gslbd;
using namespace gslbd::zones;
using gslbd::test::zone_from;

namespace {

// The name written in the RRset's block where the entry says, or "owner".
std::string written(const Zone& zone, RrsetView rrset, std::size_t at) {
  if (at == 0) return "owner";
  std::vector<std::uint8_t> wire;
  const auto block = rrset.block();
  for (; block[at] != 0 && block[at] < kPointerBits; at += 1U + block[at]) {
    const auto label = block.subspan(at, 1U + block[at]);
    wire.insert(wire.end(), label.begin(), label.end());
  }
  const Name rest = block[at] == 0 ? Name() : zone.apex();
  wire.insert(wire.end(), rest.wire().begin(), rest.wire().end());
  return Name::from_wire(wire).value().to_string();
}

// An RRset's additional list, one entry a word: "target>node", with "external" for a node that is none here.
std::string additional(const Zone& zone, const std::string& owner, const std::string& type_text) {
  const QueryName name(Name::parse(owner, zone.apex()).value());
  const NodeView node = zone.find(name, 0);
  REQUIRE(node);
  const RrsetView rrset = node.rrset(type_from_text(type_text).value());
  REQUIRE(rrset);
  std::string out;
  for (const AdditionalEntry entry : rrset.additional()) {
    const bool external = (entry.flags & kExternal) != 0;
    const std::string target = written(zone, rrset, entry.rdata_at);
    if (external) CHECK(Name::parse(target).value() == zone.external_target(entry.node));
    out += fmt::format("{}{}>{}{}{}", out.empty() ? "" : " ", target,
                       external ? "external" : zone.owner(zone.node(entry.node)).to_string(),
                       (entry.flags & kWithSameType) != 0 ? "+type" : "",
                       (entry.flags & kInDomain) != 0 ? "+in-domain" : "");
  }
  return out;
}

std::string external_targets(const Zone& zone) {
  std::string out;
  for (std::size_t i = 0; i < zone.external_target_count(); ++i) {
    out += (out.empty() ? "" : " ") + zone.external_target(i).to_string();
  }
  return out;
}

}  // namespace

TEST_CASE("every type that names a host lists it, once, in the order of its RRs") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["b", "a"], "MX": ["10 b", "5 a", "20 B"]},
    "a": {"A": "192.0.2.1"},
    "b": {"AAAA": "2001:db8::1"},
    "srv": {"SRV": ["0 0 80 a", "0 0 81 a", "1 0 80 b"]},
    "svc": {"HTTPS": "1 a alpn=h2", "SVCB": "1 B"},
    "old": {"AFSDB": "1 a", "RT": "1 b", "KX": "1 a"},
    "u": {"NAPTR": ["1 1 \"a\" \"x\" \"\" a", "1 1 \"s\" \"x\" \"\" srv", "1 1 \"u\" \"x\" \"!a!b!\" ."]},
    "text": {"TXT": "a", "PTR": "a"}
  }})");
  CHECK(additional(*zone, "@", "NS") == "b.e.>b.e. a.e.>a.e.");
  CHECK(additional(*zone, "@", "MX") == "b.e.>b.e. a.e.>a.e.");
  CHECK(additional(*zone, "srv", "SRV") == "a.e.>a.e. b.e.>b.e.");
  CHECK(additional(*zone, "svc", "HTTPS") == "a.e.>a.e.");
  CHECK(additional(*zone, "svc", "SVCB") == "B.e.>b.e.");
  CHECK(additional(*zone, "old", "AFSDB") == "a.e.>a.e.");
  CHECK(additional(*zone, "old", "RT") == "b.e.>b.e.");
  CHECK(additional(*zone, "old", "KX") == "a.e.>a.e.");
  CHECK(additional(*zone, "u", "NAPTR") == "a.e.>a.e.");
  CHECK(additional(*zone, "text", "TXT").empty());
  CHECK(additional(*zone, "text", "PTR").empty());
  CHECK(zone->external_target_count() == 0);
}

TEST_CASE("a target has addresses of its own, or a pool that gives some; what has neither is not listed") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "ns.x.", "MX": ["1 pool", "1 text", "1 alias", "1 none", "1 ent", "1 @", "1 apex.ent"], "A": "192.0.2.1"},
    "pool": {"pool": "www"},
    "text": {"TXT": "x"},
    "alias": {"CNAME": "pool"},
    "apex.ent": {"A": "192.0.2.2"}
  }})");
  CHECK(additional(*zone, "@", "MX") == "pool.e.>pool.e. e.>e. apex.ent.e.>apex.ent.e.");
}

TEST_CASE("a null MX and a service that is not there name nobody (RFC 7505 §3, RFC 2782)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "ns.x.", "MX": "0 ."}, "s": {"SRV": "0 0 0 .", "SVCB": "0 ."}}})");
  CHECK(additional(*zone, "@", "MX").empty());
  CHECK(additional(*zone, "s", "SRV").empty());
  CHECK(additional(*zone, "s", "SVCB").empty());
  CHECK(external_targets(*zone) == "ns.x.");
}

TEST_CASE("a target covered by a wildcard has the wildcard's addresses (RFC 4592 §3.3)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "ns.x.", "MX": ["1 a.w", "1 a.b.w", "1 there.w", "1 below.there.w", "1 w", "1 a.c", "1 a.t"]},
    "*.w": {"A": "192.0.2.1"}, "there.w": {"TXT": "x"}, "*.c": {"CNAME": "a.w"}, "*.t": {"TXT": "x"}}})");
  CHECK(additional(*zone, "@", "MX") == "a.w.e.>*.w.e. a.b.w.e.>*.w.e.");
}

TEST_CASE("SVCB in ServiceMode at \".\" means its owner, in AliasMode the target's own SVCB (RFC 9460)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "ns.x.", "HTTPS": "0 svc"},
    "svc": {"HTTPS": ["1 . alpn=h2", "2 svc alpn=h3", "3 other"], "A": "192.0.2.1"},
    "other": {"AAAA": "2001:db8::1"},
    "bare": {"HTTPS": "1 ."},
    "onlysvcb": {"SVCB": "1 other"},
    "toalias": {"HTTPS": "0 bare", "SVCB": ["0 onlysvcb"]},
    "wrongtype": {"HTTPS": "0 onlysvcb"},
    "outside": {"HTTPS": "0 svc.x."},
    "*.wild": {"HTTPS": ["1 .", "2 *.wild", "3 ."], "A": "192.0.2.2"}
  }})");
  CHECK(additional(*zone, "@", "HTTPS") == "svc.e.>svc.e.+type");
  CHECK(additional(*zone, "svc", "HTTPS") == "owner>svc.e. other.e.>other.e.");
  CHECK(additional(*zone, "bare", "HTTPS").empty());
  CHECK(additional(*zone, "toalias", "HTTPS") == "bare.e.>bare.e.+type");
  CHECK(additional(*zone, "toalias", "SVCB") == "onlysvcb.e.>onlysvcb.e.+type");
  CHECK(additional(*zone, "wrongtype", "HTTPS").empty());
  CHECK(additional(*zone, "outside", "HTTPS") == "svc.x.>external+type");
  CHECK(additional(*zone, "*.wild", "HTTPS") == "owner>*.wild.e. *.wild.e.>*.wild.e.");
}

TEST_CASE("a cut's servers have glue below it, below other cuts, or authoritative addresses (RFC 9471)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["ns1", "ns.sub"]},
    "ns1": {"A": "192.0.2.1"},
    "sub": {"NS": ["ns.sub", "ns1", "ns.sibling", "ns.other.x.", "missing.sub", "none", "sub", "alias", "a.w"]},
    "ns.sub": {"A": "192.0.2.2"},
    "sibling": {"NS": "ns.sibling"},
    "ns.sibling": {"AAAA": "2001:db8::1"},
    "self": {"NS": "self", "A": "192.0.2.3"},
    "alias": {"CNAME": "ns1"},
    "*.w": {"A": "192.0.2.4"},
    "pooled": {"NS": "p"},
    "p": {"pool": "www"}
  }})");
  CHECK(additional(*zone, "sub", "NS") ==
        "ns.sub.e.>ns.sub.e.+in-domain ns1.e.>ns1.e. ns.sibling.e.>ns.sibling.e. ns.other.x.>external "
        "missing.sub.e.>external+in-domain sub.e.>external+in-domain a.w.e.>*.w.e.");
  CHECK(additional(*zone, "self", "NS") == "self.e.>self.e.+in-domain");
  CHECK(additional(*zone, "pooled", "NS") == "p.e.>p.e.");
  // At the apex it is an answer, and the glue of others is none: their zone may be ours.
  CHECK(additional(*zone, "@", "NS") == "ns1.e.>ns1.e. ns.sub.e.>external");
}

TEST_CASE("below a cut the child's zone knows, below a DNAME nobody does") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "ns.x.", "MX": ["1 mail.sub", "2 sub", "3 mail.moved", "4 moved"]},
    "sub": {"NS": ["ns.x.", "ns.moved"], "A": "192.0.2.1", "MX": "1 mail.sub"},
    "mail.sub": {"A": "192.0.2.1", "MX": "1 mail.sub"},
    "deep.sub": {"NS": "ns.deep.sub"},
    "ns.deep.sub": {"A": "192.0.2.1"},
    "moved": {"DNAME": "x.", "A": "192.0.2.2"},
    "mail.moved": {"A": "192.0.2.3"},
    "ns.moved": {"A": "192.0.2.3"}
  }})");
  CHECK(additional(*zone, "@", "MX") == "mail.sub.e.>external sub.e.>external moved.e.>moved.e.");
  CHECK(additional(*zone, "sub", "NS") == "ns.x.>external");
  // What no answer can hold lists nothing.
  CHECK(additional(*zone, "sub", "MX").empty());
  CHECK(additional(*zone, "mail.sub", "MX").empty());
  CHECK(additional(*zone, "deep.sub", "NS").empty());
  CHECK(external_targets(*zone) == "mail.sub.e. sub.e. ns.x.");
}

TEST_CASE("external targets are kept once for the whole zone, in lower case") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["NS1.X.", "ns2.x."], "MX": "1 ns1.x."},
    "a": {"NS": ["ns2.X.", "ns1.x."]}, "b": {"SRV": ["0 0 1 ns3.x.", "0 0 1 ns3.X.", "0 0 1 e.x."]}}})");
  CHECK(external_targets(*zone) == "ns1.x. ns2.x. ns3.x. e.x.");
  CHECK(additional(*zone, "@", "MX") == "ns1.x.>external");
  CHECK(additional(*zone, "a", "NS") == "ns2.X.>external ns1.x.>external");
  CHECK(additional(*zone, "b", "SRV") == "ns3.x.>external e.x.>external");
}

TEST_CASE("ten thousand external targets are told apart") {
  std::string text = R"({"zone": "e", "records": {"@": {"NS": "ns.x."})";
  for (int i = 0; i < 20000; ++i) text += fmt::format(",\"n{}\": {{\"MX\": \"1 m{}.x.\"}}", i, i % 10000);
  const auto zone = zone_from(text + "}}");
  REQUIRE(zone->external_target_count() == 10001);
  CHECK(zone->external_target(10000).to_string() == "m9999.x.");
  CHECK(additional(*zone, "n19999", "MX") == "m9999.x.>external");
  CHECK(additional(*zone, "n10000", "MX") == "m0.x.>external");
}

TEST_CASE("octets that are no RDATA name no host, and are not read past their end") {
  using Bytes = std::vector<std::uint8_t>;
  for (const RrType t :
       {type::kNs, type::kMx, type::kSrv, type::kSvcb, type::kHttps, type::kAfsdb, type::kNaptr}) {
    CHECK_FALSE(target_of(t, Bytes{}).has_value());
    CHECK_FALSE(target_of(t, Bytes{0, 1, 3}).has_value());
    CHECK_FALSE(target_of(t, Bytes(300, 1)).has_value());
    CHECK_FALSE(target_of(t, Bytes(20, 0xc0)).has_value());
  }
  CHECK_FALSE(target_of(type::kNaptr, Bytes{0, 1, 0, 1, 1, 'a', 200}).has_value());
  CHECK_FALSE(target_of(type::kNaptr, Bytes{0, 1, 0, 1, 1, 'a', 0, 0}).has_value());
  CHECK(target_of(type::kNaptr, Bytes{0, 1, 0, 1, 1, 'A', 0, 0, 1, 'x', 0})->at == 8);
  CHECK_FALSE(has_target(type::kCname));
}

TEST_CASE("in the root zone nothing is external") {
  const auto zone = zone_from(R"({"zone": ".", "records": {
    "@": {"NS": ["a.root", "b.root."], "MX": "0 ."},
    "a.root": {"A": "192.0.2.1"}, "b.root": {"AAAA": "2001:db8::1"},
    "com": {"NS": ["a.gtld.net", "ns.com"]}, "net": {"NS": "a.gtld.net"},
    "a.gtld.net": {"A": "192.0.2.2"}, "ns.com": {"A": "192.0.2.3"}}})");
  CHECK(additional(*zone, "@", "NS") == "a.root.>a.root. b.root.>b.root.");
  CHECK(additional(*zone, "@", "MX").empty());
  CHECK(additional(*zone, "com", "NS") == "a.gtld.net.>a.gtld.net. ns.com.>ns.com.+in-domain");
  CHECK(additional(*zone, "net", "NS") == "a.gtld.net.>a.gtld.net.+in-domain");
  CHECK(zone->external_target_count() == 0);
}

TEST_CASE("a target beyond a pointer's reach is left out") {
  std::string text = R"({"zone": "e", "records": {"@": {"NS": "ns.x.", "MX": [)";
  // 12 octets of RR, 2 of preference, 8 of name: "nNNNNN" and the pointer are 9.
  for (int i = 0; i < 2000; ++i) text += fmt::format("{}\"1 n{:05}\"", i == 0 ? "" : ",", i);
  text += R"(]}, "n00000": {"A": "192.0.2.1"}, "n00709": {"A": "192.0.2.2"}, "n01999": {"A": "192.0.2.3"}}})";
  const auto zone = zone_from(text);
  CHECK(additional(*zone, "@", "MX") == "n00000.e.>n00000.e. n00709.e.>n00709.e.");
}

TEST_CASE("an RRset that names no host costs what it did: head, moves and block") {
  const auto zone =
      zone_from(R"({"zone": "e", "records": {"@": {"NS": "ns.x."}, "a": {"A": "192.0.2.1", "TXT": "x"}}})");
  const NodeView node = zone->find(QueryName(Name::parse("a.e.").value()), 0);
  const RrsetView a = node.rrset(type::kA);
  CHECK(a.next() == a.block().data() + a.block().size());
  CHECK(a.additional().empty());
  CHECK(node.link() == 0);
}

TEST_CASE("nodes and RRsets behind additional lists are found") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["a", "b.x."], "MX": ["1 a", "1 c"], "TXT": "x", "CAA": "0 issue \"e\""},
    "a": {"MX": "1 a", "A": "192.0.2.1", "SRV": "1 1 1 nowhere"}, "c": {"MX": "1 nowhere", "A": "192.0.2.1"},
    "d.ent": {"TXT": "y"}}})");
  std::string names;
  zone->for_each_node([&](NodeView node) {
    names += zone->owner(node).to_string();
    node.for_each_rrset([&](RrsetView rrset) {
      names += " " + type_to_text(rrset.type()) + "=" + std::to_string(rrset.rr_count());
      return true;
    });
    names += "\n";
  });
  CHECK(names ==
        "e. CAA=1 MX=2 NS=2 TXT=1 SOA=1\na.e. A=1 MX=1 SRV=1\nc.e. A=1 MX=1\nd.ent.e. TXT=1\nent.e.\n");
}
