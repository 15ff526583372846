// SPDX-License-Identifier: Apache-2.0
// RFC 4592 §2.2.2 and §2.2.3: names exist when they own records or when something lies below them; no
// wildcard covers what exists.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("e.test", R"("*": {"pool": "web", "TXT": "\"star\""},
                                  "a.b.ent": {"pool": "web"},
                                  "*.w.ent2": {"pool": "web"},
                                  "x.*.mid": {"pool": "web"},
                                  "deep.*.both": {"pool": "web"}, "*.both": {"TXT": "\"both\""})")});
}

}  // namespace

TEST_CASE("RFC 4592: an empty non-terminal has no data of any type, and the wildcard does not cover it") {
  auto w = world();
  for (const char* name : {"ent.e.test.", "b.ent.e.test.", "ent2.e.test.", "w.ent2.e.test.", "mid.e.test.",
                           "*.mid.e.test.", "both.e.test."}) {
    for (const std::uint16_t qtype : Numbers{type::kA, type::kTxt, type::kAny, type::kNs}) {
      INFO(name << " " << qtype);
      const auto m = w.ask(name, qtype);
      CHECK(m.rcode == rcode::kNoError);
      CHECK(m.aa);
      CHECK(m.answer.empty());
      CHECK(m.authority == Lines{soa("e.test")});
    }
  }
}

TEST_CASE(
    "RFC 4592: below an empty non-terminal the wildcard above it does not reach (§3.3.1, the closest "
    "encloser)") {
  auto w = world();
  for (const char* name : {"x.ent.e.test.", "x.b.ent.e.test.", "below.a.b.ent.e.test.", "y.ent2.e.test."}) {
    INFO(name);
    CHECK(w.ask(name, type::kA).rcode == rcode::kNxDomain);
  }
}

TEST_CASE(
    "RFC 4592: a wildcard that owns nothing but what lies below it covers names all the same: with no data") {
  auto w = world();
  // *.mid.e.test is an empty non-terminal and the source of synthesis for foo.mid.e.test.
  const auto m = w.ask("foo.mid.e.test.", type::kA);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{soa("e.test")});
}

TEST_CASE("RFC 4592: the star in the middle of a name is a label like any other") {
  auto w = world();
  CHECK(w.ask("x.*.mid.e.test.", type::kA).answer == web_a("x.*.mid.e.test."));
  CHECK(w.ask("x.y.mid.e.test.", type::kA).rcode == rcode::kNoError);  // from *.mid: no data
  CHECK(w.ask("x.y.mid.e.test.", type::kA).answer.empty());
  CHECK(w.ask("q.*.mid.e.test.", type::kA).rcode == rcode::kNxDomain);
}

TEST_CASE("RFC 4592: a wildcard with records of its own and names below it") {
  auto w = world();
  CHECK(w.ask("any.both.e.test.", type::kTxt).answer == Lines{"any.both.e.test. 300 IN TXT \"both\""});
  CHECK(w.ask("deep.any.both.e.test.", type::kTxt).answer ==
        Lines{"deep.any.both.e.test. 300 IN TXT \"both\""});
  CHECK(w.ask("deep.*.both.e.test.", type::kA).answer == web_a("deep.*.both.e.test."));
}

TEST_CASE("RFC 4592: only a label that is one star is a wildcard (§2.1.1)") {
  World w({zone("e.test", R"("*a.x": {"pool": "web"}, "**.x": {"pool": "web"}, "a*.x": {"pool": "web"},
                             "x": {"TXT": "\"x\""}, "\\042.y": {"pool": "web"})")});
  for (const char* name : {"ba.x.e.test.", "foo.x.e.test.", "ab.x.e.test."}) {
    CHECK(w.ask(name, type::kA).rcode == rcode::kNxDomain);
  }
  CHECK(w.ask("**.x.e.test.", type::kA).answer.size() == 2);
  // \042 is the star: an escape does not make it another octet (§2.1.3).
  CHECK(w.ask("foo.y.e.test.", type::kA).answer == web_a("foo.y.e.test."));
}

TEST_CASE("RFC 4592: the nearest wildcard is the one") {
  World w({zone("e.test", R"("*": {"TXT": "\"far\""}, "*.n": {"pool": "web"})")});
  CHECK(w.ask("a.n.e.test.", type::kA).answer == web_a("a.n.e.test."));
  CHECK(w.ask("a.n.e.test.", type::kTxt).answer.empty());
  CHECK(w.ask("a.o.e.test.", type::kTxt).answer.size() == 1);
}

TEST_CASE("RFC 4592: a wildcard's answer has the case and the owner of the question") {
  auto w = world();
  CHECK(w.ask("SoMe.ThInG.e.test.", type::kTxt).answer == Lines{"SoMe.ThInG.e.test. 300 IN TXT \"star\""});
}

}  // namespace gslbd::test
