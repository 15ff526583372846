// SPDX-License-Identifier: Apache-2.0
// RFC 6604: behind CNAMEs and DNAMEs, AA speaks of the first name (§2.1) and the RCODE of the last (§3).
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World(
      {zone("x.test", R"("good": {"CNAME": "www"}, "www": {"pool": "web"}, "gone": {"CNAME": "nothing"},
      "empty": {"CNAME": "b"}, "b": {"MX": "10 www"}, "cut": {"NS": "ns.y.test."}, "into": {"CNAME": "a.cut"},
      "out": {"CNAME": "www.elsewhere.test."}, "dn": {"DNAME": "nowhere"}, "second": {"CNAME": "gone"},
      "far": {"CNAME": "gone.z.test."})"),
       zone("z.test", R"("gone": {"CNAME": "nothing"})")});
}

}  // namespace

TEST_CASE("RFC 6604 §2.1: AA is about the name that was asked for, wherever the chain leads") {
  auto w = world();
  for (const char* name : {"good.x.test.", "gone.x.test.", "empty.x.test.", "into.x.test.", "out.x.test.",
                           "a.dn.x.test.", "far.x.test."}) {
    INFO(name);
    CHECK(w.ask(name, type::kA).aa);
  }
  CHECK_FALSE(w.ask("a.cut.x.test.", type::kA).aa);
}

TEST_CASE("RFC 6604 §3: the RCODE is that of the chain's last name") {
  auto w = world();
  for (const char* name : {"good.x.test.", "empty.x.test.", "into.x.test.", "out.x.test."}) {
    INFO(name);
    CHECK(w.ask(name, type::kA).rcode == rcode::kNoError);
  }
  for (const char* name : {"gone.x.test.", "second.x.test.", "a.dn.x.test.", "far.x.test."}) {
    INFO(name);
    CHECK(w.ask(name, type::kA).rcode == rcode::kNxDomain);
  }
}

TEST_CASE("RFC 6604 §3: a pool at the end of a chain that fails makes the whole fail") {
  Authority server({zone("x.test", R"("a": {"CNAME": "dead"}, "dead": {"pool": "dead"})")},
                   {{"dead", {"192.0.2.1"}, server::Selection::servfail}});
  for (const auto transport : {kUdp, kTcp}) {
    CHECK(server.ask("a.x.test.", type::kA, {}, transport).rcode == rcode::kServFail);
  }
}

}  // namespace gslbd::test
