// SPDX-License-Identifier: Apache-2.0
// RFC 2308 §2: negative responses: name errors (§2.1) and no data (§2.2), for names and behind CNAMEs.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("an.example", R"("alias": {"CNAME": "tripple.xx.test."}, "short": {"CNAME": "www"},
                                      "www": {"pool": "web"}, "empty": {"TXT": "\"t\""},
                                      "local": {"CNAME": "missing"}, "mx": {"CNAME": "empty"})"),
                zone("xx.test", R"("here": {"pool": "web"})")});
}

}  // namespace

TEST_CASE("RFC 2308 §2.1: a name error has NXDOMAIN, AA, no answer, and the SOA") {
  auto w = world();
  const auto m = w.ask("another.an.example.", type::kA);
  CHECK(m.rcode == rcode::kNxDomain);
  CHECK(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{soa("an.example")});
  CHECK(m.additional.empty());
}

TEST_CASE("RFC 2308 §2.1: behind a CNAME the name error speaks of the last name, with the SOA of its zone") {
  auto w = world();
  const auto near = w.ask("local.an.example.", type::kA);
  CHECK(near.rcode == rcode::kNxDomain);
  CHECK(near.answer == Lines{"local.an.example. 300 IN CNAME missing.an.example."});
  CHECK(near.authority == Lines{soa("an.example")});
  const auto far = w.ask("alias.an.example.", type::kA);
  CHECK(far.rcode == rcode::kNxDomain);
  CHECK(far.answer == Lines{"alias.an.example. 300 IN CNAME tripple.xx.test."});
  CHECK(far.authority == Lines{soa("xx.test")});
}

TEST_CASE("RFC 2308 §2.2: no data has NOERROR, AA, no answer, and the SOA") {
  auto w = world();
  for (const char* name : {"www.an.example.", "empty.an.example."}) {
    const auto m = w.ask(name, type::kMx);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("an.example")});
  }
}

TEST_CASE("RFC 2308 §2.2: no data behind a CNAME") {
  auto w = world();
  const auto m = w.ask("mx.an.example.", type::kA);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer == Lines{"mx.an.example. 300 IN CNAME empty.an.example."});
  CHECK(m.authority == Lines{soa("an.example")});
}

TEST_CASE("RFC 2308 §2.2: a pool without members of a family has no data of that type") {
  World w({zone("p.test", R"("www": {"pool": "v4"}, "six": {"pool": "v6"})")},
          {{"v4", {"192.0.2.10"}}, {"v6", {"2001:db8::10"}}});
  for (const auto& [name, qtype] :
       {std::pair{"www.p.test.", type::kAaaa}, std::pair{"six.p.test.", type::kA}}) {
    const auto m = w.ask(name, qtype);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("p.test")});
  }
}

TEST_CASE("RFC 2308 §2.2: a pool that is set to say so has no data when all its members are down") {
  Authority w({zone("p.test", R"("www": {"pool": "dead"})")},
              {{"dead", {"192.0.2.10", "2001:db8::10"}, server::Selection::nodata}});
  for (const auto transport : {kUdp, kTcp}) {
    const auto m = w.ask("www.p.test.", type::kA, {}, transport);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("p.test")});
  }
}

}  // namespace gslbd::test
