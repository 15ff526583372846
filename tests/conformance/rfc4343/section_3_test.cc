// SPDX-License-Identifier: Apache-2.0
// RFC 4343 §3 and §4: names match whatever the case of their ASCII letters, and keep the case they have.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World(
      {zone("Case.Test", R"("WWW": {"pool": "web"}, "Mail": {"MX": "10 MX"}, "mx": {"A": "192.0.2.25"},
      "*.Wild": {"TXT": "\"w\""}, "Alias": {"CNAME": "WwW"}, "\\195\\132": {"TXT": "\"upper\""},
      "[x]": {"TXT": "\"brackets\""})")});
}

}  // namespace

TEST_CASE("RFC 4343 §3.1: letters match in either case, in zone file, question and target") {
  auto w = world();
  for (const char* name : {"www.case.test.", "WWW.CASE.TEST.", "wWw.CaSe.TeSt."}) {
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer == web_a(name));
  }
  CHECK(w.ask("x.WILD.case.test.", type::kTxt).answer.size() == 1);
  CHECK(w.ask("ALIAS.case.test.", type::kA).answer.size() == 3);
}

TEST_CASE("RFC 4343 §3: other octets match exactly: neither beyond ASCII nor beside its letters") {
  auto w = world();
  CHECK(w.ask("\\195\\132.case.test.", type::kTxt).answer.size() == 1);
  CHECK(w.ask("\\195\\164.case.test.", type::kTxt).rcode == rcode::kNxDomain);
  CHECK(w.ask("\\227\\132.case.test.", type::kTxt).rcode == rcode::kNxDomain);
  CHECK(w.ask("[x].case.test.", type::kTxt).answer.size() == 1);
  CHECK(w.ask("{x}.case.test.", type::kTxt).rcode == rcode::kNxDomain);
}

TEST_CASE("RFC 4343 §4.1: the question's case comes back, in the question and as the owner of the answer") {
  auto w = world();
  const auto m = w.ask("wWW.cASE.tEST.", type::kAaaa);
  CHECK(m.qname == "wWW.cASE.tEST.");
  CHECK(m.answer == web_aaaa("wWW.cASE.tEST."));
}

TEST_CASE("RFC 4343 §4.1: names in RDATA keep the case that the zone file gives them") {
  World w({R"({"zone": "c.test", "soa": {"mname": "ns1"}, "records": {"@": {"NS": "ns1"},
      "ns1": {"A": "192.0.2.1"},
      "a": {"CNAME": "WwW.ElseWhere.Test."}, "m": {"MX": "10 MaIl.X.Test."}}})"});
  CHECK(w.ask("a.c.test.", type::kCname).answer == Lines{"a.c.test. 300 IN CNAME WwW.ElseWhere.Test."});
  CHECK(w.ask("m.c.test.", type::kMx).answer == Lines{"m.c.test. 300 IN MX 10 MaIl.X.Test."});
}

}  // namespace gslbd::test
