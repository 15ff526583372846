// SPDX-License-Identifier: Apache-2.0
// RFC 1034 §4.3.2: the algorithm, step by step.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

const std::string kDs = "12345 13 2 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac0001";

World world() {
  return World({zone("example.com", R"(
      "@": {"NS": ["ns1", "ns.other.test."], "pool": "web", "MX": "10 mail"},
      "www": {"pool": "web", "TXT": "\"hello\""},
      "mail": {"A": "192.0.2.25"},
      "shop": {"CNAME": "www"},
      "out": {"CNAME": "www.elsewhere.test."},
      "gone": {"CNAME": "nothing"},
      "far": {"CNAME": "www.example.net."},
      "into": {"CNAME": "host.sub"},
      "sub": {"NS": ["ns.sub", "ns.other.test."], "DS": ")" +
                                        kDs +
                                        R"(", "TXT": "\"occluded\""},
      "ns.sub": {"A": "192.0.2.53", "AAAA": "2001:db8::53"},
      "www.sub": {"pool": "web"},
      "deeper.sub": {"NS": "ns.deeper.sub"}, "ns.deeper.sub": {"A": "192.0.2.54"},
      "*.wild": {"pool": "web", "TXT": "\"w\""})"),
                zone("child.example.com", R"("www": {"pool": "web"})"),
                zone("example.net", R"("www": {"CNAME": "a.b"}, "a.b": {"pool": "web"})")});
}

void check_referral(const Message& m) {
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.empty());
  CHECK(m.authority ==
        Lines{"sub.example.com. 300 IN NS ns.other.test.", "sub.example.com. 300 IN NS ns.sub.example.com."});
  CHECK(m.additional ==
        Lines{"ns.sub.example.com. 300 IN A 192.0.2.53", "ns.sub.example.com. 300 IN AAAA 2001:db8::53"});
}

}  // namespace

TEST_CASE("RFC 1034: step 1: recursion is not offered, and what was desired is repeated") {
  auto w = world();
  CHECK(w.ask("www.example.com.", type::kA, {.rd = true}).rd);
  CHECK_FALSE(w.ask("www.example.com.", type::kA).rd);
}

TEST_CASE("RFC 1034: step 2: the nearest ancestor zone answers") {
  auto w = world();
  CHECK(w.ask("www.child.example.com.", type::kA).answer == web_a("www.child.example.com."));
  CHECK(w.ask("nowhere.child.example.com.", type::kA).authority == Lines{soa("child.example.com")});
  CHECK(w.ask("child.example.com.", type::kTxt).authority == Lines{soa("child.example.com")});
}

TEST_CASE("RFC 1034: step 2: a name in none of our zones is refused") {
  auto w = world();
  for (const char* name : {"example.org.", "com.", ".", "example.com.test.", "xexample.com."}) {
    INFO(name);
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kRefused);
    CHECK_FALSE(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority.empty());
    CHECK(m.additional.empty());
  }
}

TEST_CASE("RFC 1034: step 3a: the node matches: its records of the type, with authority") {
  auto w = world();
  for (const char* name : {"www.example.com.", "example.com."}) {
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer == web_a(name));
    CHECK(m.authority.empty());
    CHECK(m.additional.empty());
    CHECK(w.ask(name, type::kAaaa).answer == web_aaaa(name));
  }
  CHECK(w.ask("www.example.com.", type::kTxt).answer == Lines{"www.example.com. 300 IN TXT \"hello\""});
}

TEST_CASE("RFC 1034: step 3a: no record of the type: no data, with the SOA") {
  auto w = world();
  for (const char* name : {"www.example.com.", "mail.example.com."}) {
    const auto m = w.ask(name, type::kMx);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("example.com")});
  }
}

TEST_CASE("RFC 1034: step 3a: a CNAME goes into the answer and the search starts again at its target") {
  auto w = world();
  auto expected = web_a("www.example.com.");
  expected.insert(expected.begin(), "shop.example.com. 300 IN CNAME www.example.com.");
  const auto m = w.ask("shop.example.com.", type::kA);
  CHECK(m.aa);
  CHECK(m.answer == expected);
  CHECK(m.answer_in_order.front() == expected.front());
}

TEST_CASE("RFC 1034: step 3a: a CNAME that was asked for is not followed") {
  auto w = world();
  CHECK(w.ask("shop.example.com.", type::kCname).answer ==
        Lines{"shop.example.com. 300 IN CNAME www.example.com."});
}

TEST_CASE("RFC 1034: step 3a: the search starts again at step 2, in another zone of ours") {
  auto w = world();
  const auto m = w.ask("far.example.com.", type::kAaaa);
  auto expected = web_aaaa("a.b.example.net.");
  expected.emplace_back("far.example.com. 300 IN CNAME www.example.net.");
  expected.emplace_back("www.example.net. 300 IN CNAME a.b.example.net.");
  CHECK(m.answer == expected);
  CHECK(m.authority.empty());
}

TEST_CASE("RFC 1034: step 3a: a target in nobody's zone ends the search") {
  auto w = world();
  const auto m = w.ask("out.example.com.", type::kA);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"out.example.com. 300 IN CNAME www.elsewhere.test."});
  CHECK(m.authority.empty());
}

TEST_CASE("RFC 1034: step 3b: at a cut and below it there is a referral without authority") {
  auto w = world();
  for (const char* name : {"sub.example.com.", "www.sub.example.com.", "ns.sub.example.com.",
                           "a.b.c.sub.example.com.", "x.deeper.sub.example.com."}) {
    for (const std::uint16_t qtype : Numbers{type::kA, type::kNs, type::kTxt, type::kSoa, type::kAny}) {
      INFO(name << " " << qtype);
      const auto m = w.ask(name, qtype);
      CHECK_FALSE(m.aa);
      check_referral(m);
    }
  }
}

TEST_CASE("RFC 1034: step 3b: a referral behind a CNAME of ours") {
  auto w = world();
  auto m = w.ask("into.example.com.", type::kA);
  CHECK(m.answer == Lines{"into.example.com. 300 IN CNAME host.sub.example.com."});
  m.answer.clear();
  check_referral(m);
}

TEST_CASE("RFC 1034: step 3b: the apex's own NS records are an answer, not a cut") {
  auto w = world();
  const auto m = w.ask("example.com.", type::kNs);
  CHECK(m.aa);
  CHECK(m.answer ==
        Lines{"example.com. 300 IN NS ns.other.test.", "example.com. 300 IN NS ns1.example.com."});
}

TEST_CASE("RFC 1034: step 3c: no match and no wildcard: an authoritative name error") {
  auto w = world();
  for (const char* name : {"nowhere.example.com.", "a.b.c.example.com.", "below.www.example.com."}) {
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNxDomain);
    CHECK(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("example.com")});
  }
}

TEST_CASE("RFC 1034: step 3c: a wildcard's records take the name that was asked for") {
  auto w = world();
  CHECK(w.ask("a.wild.example.com.", type::kA).answer == web_a("a.wild.example.com."));
  CHECK(w.ask("a.b.wild.example.com.", type::kTxt).answer == Lines{"a.b.wild.example.com. 300 IN TXT \"w\""});
}

TEST_CASE("RFC 1034: step 3c: a name error behind a CNAME is the end of the chain's") {
  auto w = world();
  const auto m = w.ask("gone.example.com.", type::kA);
  CHECK(m.rcode == rcode::kNxDomain);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"gone.example.com. 300 IN CNAME nothing.example.com."});
  CHECK(m.authority == Lines{soa("example.com")});
}

TEST_CASE("RFC 1034: step 6: addresses of the hosts that the answer names, when they are ours") {
  auto w = world();
  CHECK(w.ask("example.com.", type::kMx).additional == Lines{"mail.example.com. 300 IN A 192.0.2.25"});
  CHECK(w.ask("example.com.", type::kNs).additional == Lines{"ns1.example.com. 300 IN A 192.0.2.1"});
}

TEST_CASE("RFC 1034: what lies below a cut is nobody's answer, nor is the cut's other data") {
  auto w = world();
  CHECK(w.ask("sub.example.com.", type::kTxt).answer.empty());
  CHECK(w.ask("ns.deeper.sub.example.com.", type::kA).answer.empty());
}

}  // namespace gslbd::test
