// SPDX-License-Identifier: Apache-2.0
// RFC 8020 §2: NXDOMAIN denies the name and everything below it. So it must never be said of a name below
// which something is.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("n.test", R"("a.b.c.d": {"pool": "web"}, "_sip._tcp": {"SRV": "0 0 5060 www"},
                                  "www": {"pool": "web"}, "*.wild": {"pool": "web"},
                                  "sub.cut": {"NS": "ns.elsewhere.test."}, "old.dn": {"DNAME": "new"})"),
                zone("below.zone.n.test", "")});
}

}  // namespace

TEST_CASE("RFC 8020: a name above one that exists is never NXDOMAIN") {
  auto w = world();
  for (const char* name : {"b.c.d.n.test.", "c.d.n.test.", "d.n.test.", "_tcp.n.test.", "wild.n.test.",
                           "cut.n.test.", "dn.n.test."}) {
    INFO(name);
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.authority == Lines{soa("n.test")});
  }
}

TEST_CASE("RFC 8020: below NXDOMAIN all is NXDOMAIN") {
  auto w = world();
  std::string name = "n.test.";
  for (const char* label : {"nothing", "x", "www", "*", "d"}) {
    name = label + ("." + name);
    INFO(name);
    CHECK(w.ask(name, type::kA).rcode == rcode::kNxDomain);
  }
}

TEST_CASE("RFC 8020: a name that exists, but not with that type, is not NXDOMAIN") {
  auto w = world();
  for (const char* name : {"www.n.test.", "a.b.c.d.n.test.", "x.wild.n.test."}) {
    CHECK(w.ask(name, type::kMx).rcode == rcode::kNoError);
  }
}

}  // namespace gslbd::test
