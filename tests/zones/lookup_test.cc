// SPDX-License-Identifier: Apache-2.0
#include "zones/lookup.h"

#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/zones/zone_text.h"

using namespace gslbd;
using namespace gslbd::zones;
using gslbd::test::zone_from;

namespace {

// What the zone says about a name, in words: "node x.e.", "nothing", "referral sub.e. 2".
std::string find(const Zone& zone, const std::string& text) {
  const Name name = Name::parse(text, zone.apex()).value();
  const LookupResult found = lookup(zone, QueryName(name));
  const auto owner = [&] { return zone.owner(found.node).to_string(); };
  switch (found.found) {
    case Found::node:
      return "node " + owner();
    case Found::nothing:
      return "nothing";
    case Found::referral:
      return fmt::format("referral {} {}", owner(), found.skipped_labels);
    case Found::dname:
      return fmt::format("dname {} {}", owner(), found.skipped_labels);
  }
  return "";
}

}  // namespace

TEST_CASE("the zone of RFC 4592 §2.2.1 answers as the RFC says") {
  const auto zone = zone_from(R"({"zone": "example", "records": {
    "@": {"NS": ["ns.example.com.", "ns.example.net."]},
    "*": {"TXT": "this is a wildcard", "MX": "10 host1"},
    "sub.*": {"TXT": "this is not a wildcard"},
    "host1": {"A": "192.0.2.1"},
    "_ssh._tcp.host1": {"SRV": "0 0 22 host1"},
    "_ssh._tcp.host2": {"SRV": "0 0 22 host2"},
    "subdel": {"NS": ["ns.example.com.", "ns.example.net."]}}})");
  CHECK(find(*zone, "host3") == "node *.example.");
  CHECK(find(*zone, "foo.bar") == "node *.example.");
  CHECK(find(*zone, "host1") == "node host1.example.");
  CHECK(find(*zone, "sub.*") == "node sub.*.example.");
  CHECK(find(*zone, "_telnet._tcp.host1") == "nothing");
  CHECK(find(*zone, "host.subdel") == "referral subdel.example. 1");
  CHECK(find(*zone, "ghost.*") == "nothing");
  // Empty non-terminals exist: no wildcard covers them or what is below (§2.2.2).
  CHECK(find(*zone, "_tcp.host1") == "node _tcp.host1.example.");
  CHECK(find(*zone, "host2") == "node host2.example.");
  CHECK(find(*zone, "x.host2") == "nothing");
  // Asked for by its own name, a wildcard is a name like another (§2.1.1).
  CHECK(find(*zone, "*") == "node *.example.");
}

TEST_CASE("only the wildcard at the closest encloser counts (RFC 4592 §3.3.1)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["a.x.", "b.x."]},
    "*": {"A": "192.0.2.1"}, "w": {"TXT": "x"}, "*.v": {"A": "192.0.2.2"},
    "a.*.m": {"A": "192.0.2.3"}, "*.ent.deep": {"A": "192.0.2.4"}, "b.ent.deep": {"TXT": "x"}}})");
  CHECK(find(*zone, "any") == "node *.e.");
  CHECK(find(*zone, "any.w") == "nothing");
  CHECK(find(*zone, "any.v") == "node *.v.e.");
  CHECK(find(*zone, "any.any.v") == "node *.v.e.");
  CHECK(find(*zone, "v") == "node v.e.");
  CHECK(find(*zone, "any.*.v") == "nothing");
  // "*.m" exists as an empty non-terminal: it is a source of synthesis that has no data (§2.2.3).
  CHECK(find(*zone, "any.m") == "node *.m.e.");
  CHECK(find(*zone, "a.any.m") == "node *.m.e.");
  CHECK(find(*zone, "b.*.m") == "nothing");
  CHECK(find(*zone, "c.ent.deep") == "node *.ent.deep.e.");
  CHECK(find(*zone, "c.b.ent.deep") == "nothing");
  CHECK(find(*zone, "c.deep") == "nothing");
}

TEST_CASE("a label that only begins with an asterisk is no wildcard") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "a.x."}, "*a.v": {"A": "192.0.2.1"}, "**.w": {"A": "192.0.2.1"}}})");
  CHECK(find(*zone, "ba.v") == "nothing");
  CHECK(find(*zone, "x.w") == "nothing");
  CHECK(find(*zone, "*a.v") == "node *a.v.e.");
}

TEST_CASE("the topmost cut refers, whatever is below it (RFC 1034 §4.2.1)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["a.x.", "b.x."]}, "*": {"A": "192.0.2.1"},
    "sub": {"NS": "ns.sub"}, "ns.sub": {"A": "192.0.2.1"}, "*.sub": {"A": "192.0.2.2"},
    "deep.sub": {"NS": "ns.deep.sub"}, "ns.deep.sub": {"A": "192.0.2.3"},
    "d.sub": {"DNAME": "x."},
    "c.ent": {"NS": "a.x."}}})");
  CHECK(find(*zone, "sub") == "referral sub.e. 0");
  CHECK(find(*zone, "ns.sub") == "referral sub.e. 1");
  CHECK(find(*zone, "any.any.sub") == "referral sub.e. 2");
  CHECK(find(*zone, "*.sub") == "referral sub.e. 1");
  CHECK(find(*zone, "deep.sub") == "referral sub.e. 1");
  CHECK(find(*zone, "x.ns.deep.sub") == "referral sub.e. 3");
  CHECK(find(*zone, "x.d.sub") == "referral sub.e. 2");
  CHECK(find(*zone, "ent") == "node ent.e.");
  CHECK(find(*zone, "x.ent") == "nothing");
  CHECK(find(*zone, "x.y.c.ent") == "referral c.ent.e. 2");
  CHECK(find(*zone, "@") == "node e.");
}

TEST_CASE("below a DNAME everything is elsewhere, at it nothing is (RFC 6672 §2.4)") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": ["a.x.", "b.x."]}, "*": {"A": "192.0.2.1"},
    "d": {"DNAME": "x.", "TXT": "x"}, "www.d": {"A": "192.0.2.1"}, "*.d": {"A": "192.0.2.1"},
    "cut.d": {"NS": "a.x."}, "dd.d": {"DNAME": "y."}, "q.ent": {"DNAME": "x."}}})");
  CHECK(find(*zone, "d") == "node d.e.");
  CHECK(find(*zone, "www.d") == "dname d.e. 1");
  CHECK(find(*zone, "any.d") == "dname d.e. 1");
  CHECK(find(*zone, "x.cut.d") == "dname d.e. 2");
  CHECK(find(*zone, "x.dd.d") == "dname d.e. 2");
  CHECK(find(*zone, "*.d") == "dname d.e. 1");
  CHECK(find(*zone, "a.b.q.ent") == "dname q.ent.e. 2");
  CHECK(find(*zone, "b.ent") == "nothing");
}

TEST_CASE("a DNAME at the apex moves all of the zone but its apex") {
  const auto zone = zone_from(R"({"zone": "a.e", "records": {
    "@": {"NS": ["a.x.", "b.x."], "DNAME": "x."}, "www": {"A": "192.0.2.1"}, "*": {"A": "192.0.2.1"}}})");
  CHECK(find(*zone, "@") == "node a.e.");
  CHECK(find(*zone, "www") == "dname a.e. 1");
  CHECK(find(*zone, "x.y.z") == "dname a.e. 3");
}

TEST_CASE("the root zone: wildcards, cuts and empty non-terminals right below the root") {
  const auto zone = zone_from(R"({"zone": ".", "records": {
    "@": {"NS": ["a.root.", "b.root."]}, "a.root": {"A": "192.0.2.1"}, "com": {"NS": "ns.com."},
    "ns.com": {"A": "192.0.2.1"}, "*": {"TXT": "x"}}})");
  CHECK(find(*zone, ".") == "node .");
  CHECK(find(*zone, "root.") == "node root.");
  CHECK(find(*zone, "x.root.") == "nothing");
  CHECK(find(*zone, "www.example.com.") == "referral com. 2");
  CHECK(find(*zone, "net.") == "node *.");
  CHECK(find(*zone, "www.example.net.") == "node *.");
}

TEST_CASE("labels are octets: dots, zeros and capitals in them are told apart as they should be") {
  const auto zone = zone_from(R"({"zone": "e", "records": {
    "@": {"NS": "a.x."}, "a\\.b": {"TXT": "x"}, "c.d": {"TXT": "x"}, "z\\000": {"TXT": "x"},
    "\\001\\200": {"TXT": "x"}, "MiXed": {"TXT": "x"}, "\\195\\132": {"TXT": "x"}}})");
  CHECK(find(*zone, "a\\.b") == "node a\\.b.e.");
  CHECK(find(*zone, "a.b") == "nothing");
  CHECK(find(*zone, "c\\.d") == "nothing");
  CHECK(find(*zone, "z\\000") == "node z\\000.e.");
  CHECK(find(*zone, "z") == "nothing");
  CHECK(find(*zone, "z\\000\\000") == "nothing");
  CHECK(find(*zone, "\\001\\200") == "node \\001\\200.e.");
  CHECK(find(*zone, "mIxED") == "node mixed.e.");
  // Only ASCII has case (RFC 4343 §3): 0xc3 0x84 and 0xc3 0xa4 are different.
  CHECK(find(*zone, "\\195\\132") == "node \\195\\132.e.");
  CHECK(find(*zone, "\\195\\164") == "nothing");
}

TEST_CASE("labels of every length, and names of the most labels and octets, are found") {
  std::string text = R"({"zone": "e", "records": {"@": {"NS": "a.x."})";
  for (std::size_t n = 1; n <= 63; ++n)
    text += fmt::format(",\"{}\": {{\"TXT\": \"x\"}}", std::string(n, 'n'));
  std::string most;  // 126 labels and the apex's own
  for (int i = 0; i < 126; ++i) most += i == 0 ? "m" : ".m";
  const std::string l62(62, 'l');
  const std::string longest = l62 + "." + l62 + "." + l62 + "." + std::string(60, 'l');
  const auto zone =
      zone_from(text + fmt::format(R"(,"{}": {{"TXT": "x"}}, "{}": {{"TXT": "x"}}}}}})", most, longest));
  for (std::size_t n = 1; n <= 63; ++n) {
    const std::string label(n, 'n');
    CHECK(find(*zone, label) == "node " + label + ".e.");
    CHECK(find(*zone, "x." + label) == "nothing");
  }
  CHECK(find(*zone, most) == "node " + most + ".e.");
  CHECK(find(*zone, most.substr(2)) == "node " + most.substr(2) + ".e.");
  CHECK(find(*zone, "n." + most.substr(2)) == "nothing");
  CHECK(find(*zone, longest) == "node " + longest + ".e.");
}

TEST_CASE("a wildcard that would be longer than a name may be is not looked for in vain") {
  const std::string l63(63, 'l');
  // The parent has 253 octets: "*." before it would make 255, still a name; its child is one.
  const std::string parent = l63 + "." + l63 + "." + l63 + "." + std::string(57, 'p');
  const auto zone = zone_from(fmt::format(
      R"({{"zone": "e", "records": {{"@": {{"NS": "a.x."}}, "*.{0}": {{"TXT": "x"}}}}}})", parent));
  CHECK(find(*zone, "*." + parent) == "node *." + parent + ".e.");
  CHECK(find(*zone, "a." + parent) == "node *." + parent + ".e.");
  CHECK(find(*zone, parent) == "node " + parent + ".e.");
}
