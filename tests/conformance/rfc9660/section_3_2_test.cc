// SPDX-License-Identifier: Apache-2.0
// RFC 9660 §3.2: zone versions: LABELCOUNT (§2.1) and serial (§4) of the zone that the answer comes from.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kZoneVersion = 19;

World world() {
  return World({zone("v.test", R"("www": {"pool": "web"}, "to": {"CNAME": "www.other.example."},
                                  "cut": {"NS": "ns.x.test."}, "b.ent": {"TXT": "\"t\""},
                             "*.w": {"pool": "web"})"),
                R"({"zone": "other.example", "soa": {"mname": "ns.x.", "serial": 4294967295},
                    "records": {"@": {"NS": "ns.x."}, "www": {"pool": "web"}}})",
                R"({"zone": "a.b.c.d.test", "soa": {"mname": "ns.x.", "serial": 0},
                    "records": {"@": {"NS": "ns.x."}, "www": {"pool": "web"}}})"});
}

Message asked(World& w, const std::string& name, std::uint16_t qtype = type::kA) {
  return w.ask(name, qtype, {.options = {{kZoneVersion, {}}}});
}

// LABELCOUNT, TYPE 0, and the serial.
void check_version(const Message& m, std::uint8_t labels, std::uint32_t serial) {
  REQUIRE(m.option(kZoneVersion) != nullptr);
  CHECK(m.option(kZoneVersion)->data ==
        Octets{labels, 0, static_cast<std::uint8_t>(serial >> 24), static_cast<std::uint8_t>(serial >> 16),
               static_cast<std::uint8_t>(serial >> 8), static_cast<std::uint8_t>(serial)});
  CHECK(m.options.size() == 1);
}

}  // namespace

TEST_CASE("RFC 9660 §3.2: answers, name errors, no data and referrals tell the zone's serial") {
  auto w = world();
  for (const char* name : {"www.v.test.", "v.test.", "nothing.v.test.", "ent.v.test.", "x.y.cut.v.test.",
                           "cut.v.test.", "a.b.w.v.test."}) {
    INFO(name);
    check_version(asked(w, name), 2, 7);
  }
  check_version(asked(w, "www.other.example."), 2, 4294967295U);
  check_version(asked(w, "www.a.b.c.d.test."), 5, 0);
}

TEST_CASE("RFC 9660 §2.1: behind a CNAME into another zone: the zone of the question's name") {
  auto w = world();
  const auto m = asked(w, "to.v.test.");
  CHECK(m.answer.size() == 3);
  check_version(m, 2, 7);
}

TEST_CASE("RFC 9660 §3.2: SERVFAIL for a name of ours tells it as well") {
  Authority server({zone("v.test", R"("dead": {"pool": "dead"})")},
                   {{"dead", {"192.0.2.1"}, server::Selection::servfail}});
  for (const auto transport : {kUdp, kTcp}) {
    const auto m = server.ask("dead.v.test.", type::kA, {.options = {{kZoneVersion, {}}}}, transport);
    CHECK(m.rcode == rcode::kServFail);
    CHECK(m.option(kZoneVersion) != nullptr);
  }
}

TEST_CASE("RFC 9660 §3.2: for names that are not ours there is none") {
  auto w = world();
  const auto m = asked(w, "www.elsewhere.test.");
  CHECK(m.rcode == rcode::kRefused);
  CHECK(m.option(kZoneVersion) == nullptr);
}

TEST_CASE("RFC 9660 §3.2.2: not asked for, it is not sent") {
  auto w = world();
  CHECK(w.ask("www.v.test.", type::kA, {.edns = true}).option(kZoneVersion) == nullptr);
}

TEST_CASE("RFC 9660 §3.2.1: an option that is not empty is FORMERR") {
  auto w = world();
  for (const Octets& data : {Octets{0}, Octets{2, 0}, Octets{2, 0, 0, 0, 0, 7}, Octets(300, 0)}) {
    const auto m = w.ask("www.v.test.", type::kA, {.options = {{kZoneVersion, data}}});
    CHECK(m.rcode == rcode::kFormErr);
    CHECK(m.answer.empty());
  }
}

TEST_CASE("RFC 9660 §3.2.1: more than one is FORMERR") {
  auto w = world();
  CHECK(w.ask("www.v.test.", type::kA, {.options = {{kZoneVersion, {}}, {kZoneVersion, {}}}}).rcode ==
        rcode::kFormErr);
}

TEST_CASE("RFC 9660 §2.1: the root zone has no labels") {
  World w({R"({"zone": ".", "soa": {"mname": "ns.x.", "serial": 5}, "records": {"@": {"NS": "ns.x."}}})"},
          {});
  check_version(asked(w, "www.test."), 0, 5);
}

}  // namespace gslbd::test
