// SPDX-License-Identifier: Apache-2.0
// RFC 4035 §3.1.4.1: DS lives on the parent's side of a cut.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

const std::string kDigest = "49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0001";
const std::string kDs = "\"DS\": \"12345 13 2 " + kDigest + "\"";

std::string ds_of(const std::string& owner) {
  return owner + " 300 IN DS 12345 13 2 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac0001";
}

World world() {
  return World(
      {zone("p.test", R"("signed": {"NS": "ns.x.test.", )" + kDs + R"(}, "plain": {"NS": "ns.x.test."},
      "ours": {"NS": "ns1.ours", )" +
                          kDs + R"(}, "ns1.ours": {"A": "192.0.2.1"}, "bare": {"NS": "ns1.bare"},
      "ns1.bare": {"A": "192.0.2.1"}, "leaf": {"pool": "web"}, "alias": {"CNAME": "signed"},
      "to": {"CNAME": "ours"})"),
       zone("ours.p.test", R"("www": {"pool": "web"})"), zone("bare.p.test", "")});
}

}  // namespace

TEST_CASE("RFC 4035 §3.1.4.1: at a cut the parent answers DS with authority, not with a referral") {
  auto w = world();
  const auto m = w.ask("signed.p.test.", type::kDs);
  CHECK(m.aa);
  CHECK(m.answer == Lines{ds_of("signed.p.test.")});
  CHECK(m.authority.empty());
}

TEST_CASE("RFC 4035 §3.1.4.1: a cut without DS: no data, with the parent's SOA") {
  auto w = world();
  const auto m = w.ask("plain.p.test.", type::kDs);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{soa("p.test")});
}

TEST_CASE("RFC 4035 §3.1.4.1: serving both sides, the parent's side answers") {
  auto w = world();
  CHECK(w.ask("ours.p.test.", type::kDs).answer == Lines{ds_of("ours.p.test.")});
  const auto m = w.ask("bare.p.test.", type::kDs);
  CHECK(m.aa);
  CHECK(m.authority == Lines{soa("p.test")});
}

TEST_CASE("RFC 4035 §3.1.4.1: serving the child alone: no data, with the child's SOA") {
  World w({zone("c.p.test", "")});
  const auto m = w.ask("c.p.test.", type::kDs);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{soa("c.p.test")});
}

TEST_CASE("RFC 4035 §3.1.4.1: below a cut DS is the child's: a referral") {
  auto w = world();
  const auto m = w.ask("x.signed.p.test.", type::kDs);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{"signed.p.test. 300 IN NS ns.x.test."});
}

TEST_CASE("RFC 4035 §3.1.4.1: elsewhere DS is a type like any other") {
  auto w = world();
  CHECK(w.ask("leaf.p.test.", type::kDs).authority == Lines{soa("p.test")});
  CHECK(w.ask("www.ours.p.test.", type::kDs).authority == Lines{soa("ours.p.test")});
  CHECK(w.ask("nothing.p.test.", type::kDs).rcode == rcode::kNxDomain);
}

TEST_CASE("RFC 4035 §3.1.4.1: behind a CNAME the parent's side answers as well") {
  auto w = world();
  CHECK(w.ask("alias.p.test.", type::kDs).answer ==
        Lines{"alias.p.test. 300 IN CNAME signed.p.test.", ds_of("signed.p.test.")});
  CHECK(w.ask("to.p.test.", type::kDs).answer ==
        Lines{ds_of("ours.p.test."), "to.p.test. 300 IN CNAME ours.p.test."});
}

TEST_CASE("RFC 4035 §3.1.4.1: DS for the root, and above every zone of ours") {
  World w({R"({"zone": ".", "soa": {"mname": "ns.x."}, "records": {"@": {"NS": "ns.x."}}})"});
  const auto m = w.ask(".", type::kDs);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.authority.size() == 1);
}

}  // namespace gslbd::test
