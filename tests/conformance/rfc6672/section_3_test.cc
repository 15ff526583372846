// SPDX-License-Identifier: Apache-2.0
// RFC 6672 §3: answering with a DNAME: the synthesized CNAME (§3.1) and the server's algorithm (§3.2).
#include <algorithm>

#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("d.test", R"("old": {"DNAME": {"ttl": "2m", "data": "new"}}, "new": {"TXT": "\"t\""},
        "www.new": {"pool": "web"}, "alias.new": {"CNAME": "www.new"}, "*.w.new": {"pool": "web"},
        "into": {"CNAME": "www.old"}, "second": {"DNAME": "old"}, "far": {"DNAME": "e.test."},
        "out": {"DNAME": "elsewhere.test."}, "l1": {"DNAME": "l2"}, "l2": {"DNAME": "l1"},
        "self": {"DNAME": "self"},
        "grow": {"DNAME": "more.grow"}, "*.star": {"TXT": "\"s\""}, "cut.new": {"NS": "ns.x.test."})"),
                zone("e.test", R"("www": {"pool": "web"})")});
}

Lines with(Lines more, const std::string& owner) {
  for (const auto& line : web_a(owner)) more.push_back(line);
  std::sort(more.begin(), more.end());
  return more;
}

}  // namespace

TEST_CASE("RFC 6672 §3.1: DNAME, synthesized CNAME with the DNAME's TTL, and what is behind") {
  auto w = world();
  const auto m = w.ask("www.old.d.test.", type::kA);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  REQUIRE(m.answer_in_order.size() == 4);
  CHECK(m.answer_in_order[0] == "old.d.test. 120 IN DNAME new.d.test.");
  CHECK(m.answer_in_order[1] == "www.old.d.test. 120 IN CNAME www.new.d.test.");
  CHECK(m.answer == with({m.answer_in_order[0], m.answer_in_order[1]}, "www.new.d.test."));
}

TEST_CASE("RFC 6672 §3.1: the synthesized CNAME answers a question for CNAME") {
  auto w = world();
  const auto m = w.ask("www.old.d.test.", type::kCname);
  CHECK(m.answer ==
        Lines{"old.d.test. 120 IN DNAME new.d.test.", "www.old.d.test. 120 IN CNAME www.new.d.test."});
}

TEST_CASE("RFC 6672 §3.2: behind the DNAME the algorithm starts again") {
  auto w = world();
  SECTION("at a CNAME") {
    CHECK(w.ask("alias.old.d.test.", type::kA).answer ==
          with({"old.d.test. 120 IN DNAME new.d.test.", "alias.old.d.test. 120 IN CNAME alias.new.d.test.",
                "alias.new.d.test. 300 IN CNAME www.new.d.test."},
               "www.new.d.test."));
  }
  SECTION("at a wildcard") {
    CHECK(w.ask("any.w.old.d.test.", type::kA).answer ==
          with({"old.d.test. 120 IN DNAME new.d.test.", "any.w.old.d.test. 120 IN CNAME any.w.new.d.test."},
               "any.w.new.d.test."));
  }
  SECTION("at another DNAME") {
    CHECK(w.ask("www.second.d.test.", type::kA).answer ==
          with({"second.d.test. 300 IN DNAME old.d.test.", "www.second.d.test. 300 IN CNAME www.old.d.test.",
                "old.d.test. 120 IN DNAME new.d.test.", "www.old.d.test. 120 IN CNAME www.new.d.test."},
               "www.new.d.test."));
  }
  SECTION("in another zone of ours") {
    CHECK(w.ask("www.far.d.test.", type::kA).answer ==
          with({"far.d.test. 300 IN DNAME e.test.", "www.far.d.test. 300 IN CNAME www.e.test."},
               "www.e.test."));
  }
  SECTION("in nobody's zone") {
    const auto m = w.ask("x.out.d.test.", type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer ==
          Lines{"out.d.test. 300 IN DNAME elsewhere.test.", "x.out.d.test. 300 IN CNAME x.elsewhere.test."});
  }
  SECTION("where there is nothing") {
    const auto m = w.ask("nothing.old.d.test.", type::kA);
    CHECK(m.rcode == rcode::kNxDomain);
    CHECK(m.answer.size() == 2);
    CHECK(m.authority == Lines{soa("d.test")});
  }
  SECTION("where there is no data") {
    const auto m = w.ask("www.old.d.test.", type::kMx);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer.size() == 2);
    CHECK(m.authority == Lines{soa("d.test")});
  }
  SECTION("below a cut") {
    const auto m = w.ask("x.cut.old.d.test.", type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.authority == Lines{"cut.new.d.test. 300 IN NS ns.x.test."});
  }
}

TEST_CASE("RFC 6672 §3.2: a CNAME that leads below a DNAME") {
  auto w = world();
  CHECK(w.ask("into.d.test.", type::kA).answer ==
        with({"into.d.test. 300 IN CNAME www.old.d.test.", "old.d.test. 120 IN DNAME new.d.test.",
              "www.old.d.test. 120 IN CNAME www.new.d.test."},
             "www.new.d.test."));
}

TEST_CASE("RFC 6672 §3.2: DNAMEs that lead to each other, to themselves, and ever deeper, end") {
  auto w = world();
  for (const char* name : {"x.l1.d.test.", "x.self.d.test.", "x.grow.d.test."}) {
    INFO(name);
    const auto m = w.ask(name, type::kA, {}, kTcp);
    CHECK((m.rcode == rcode::kNoError || m.rcode == rcode::kYxDomain));
    CHECK(m.aa);
    (void)w.ask(name, type::kA, {}, kUdp);
  }
}

TEST_CASE("RFC 6672 §3.2: the case of the labels that stay is kept") {
  auto w = world();
  const auto m = w.ask("WwW.oLd.d.test.", type::kA);
  REQUIRE(m.answer_in_order.size() == 4);
  CHECK(m.qname == "WwW.oLd.d.test.");
  CHECK(m.answer_in_order[1] == "WwW.oLd.d.test. 120 IN CNAME WwW.new.d.test.");
}

}  // namespace gslbd::test
