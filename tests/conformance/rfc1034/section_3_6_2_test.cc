// SPDX-License-Identifier: Apache-2.0
// RFC 1034 §3.6.2: aliases. "Domain software should not fail when presented with CNAME chains or loops."
#include "server/answer/composer.h"
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

constexpr std::size_t kFollowed = server::Composer::kMaxChain + 1;

}  // namespace

TEST_CASE("RFC 1034: a loop of CNAMEs ends") {
  World w({zone("a.test", R"("one": {"CNAME": "two"}, "two": {"CNAME": "one"}, "self": {"CNAME": "self"},
                             "out": {"CNAME": "back.b.test."})"),
           zone("b.test", R"("back": {"CNAME": "out.a.test."})")});
  for (const auto& [name, links] : {std::pair{"one.a.test.", 2U}, std::pair{"self.a.test.", 1U},
                                    std::pair{"out.a.test.", 2U}, std::pair{"back.b.test.", 2U}}) {
    INFO(name);
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer.size() == links);  // each once
  }
}

TEST_CASE("RFC 1034: a loop through a wildcard ends") {
  World w({zone("a.test", R"("*": {"CNAME": "x.y"})")});
  const auto m = w.ask("q.a.test.", type::kA, {}, kTcp);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.size() <= kFollowed);
}

TEST_CASE("RFC 1034: a long chain is told as far as it is followed, and its end is asked for again") {
  std::string records = R"("end": {"pool": "web"}, "c0": {"CNAME": "end"})";
  for (int i = 1; i < 40; ++i) {
    records += ", \"c" + std::to_string(i) + R"(": {"CNAME": "c)" + std::to_string(i - 1) + "\"}";
  }
  World w({zone("a.test", records)});
  const auto whole = w.ask("c5.a.test.", type::kA);
  CHECK(whole.answer.size() == 6 + 2);
  const auto cut = w.ask("c39.a.test.", type::kA, {}, kTcp);
  CHECK(cut.rcode == rcode::kNoError);
  CHECK(cut.answer.size() == kFollowed);
  CHECK(cut.answer_in_order.front() == "c39.a.test. 300 IN CNAME c38.a.test.");
}

TEST_CASE("RFC 1034: the chain's CNAMEs stand in its order") {
  World w({zone("a.test", R"("x": {"CNAME": "y"}, "y": {"CNAME": "z.b.test."})"),
           zone("b.test", R"("z": {"CNAME": "w"}, "w": {"pool": "web"})")});
  const auto m = w.ask("x.a.test.", type::kAaaa);
  REQUIRE(m.answer_in_order.size() == 5);
  CHECK(m.answer_in_order[0] == "x.a.test. 300 IN CNAME y.a.test.");
  CHECK(m.answer_in_order[1] == "y.a.test. 300 IN CNAME z.b.test.");
  CHECK(m.answer_in_order[2] == "z.b.test. 300 IN CNAME w.b.test.");
}

TEST_CASE("RFC 1034: a CNAME stands alone: whatever type is asked for, it is the answer") {
  World w({zone("a.test", R"("alias": {"CNAME": "www"}, "www": {"pool": "web"})")});
  for (const std::uint16_t qtype :
       Numbers{type::kMx, type::kTxt, type::kSoa, type::kNs, std::uint16_t{65280}}) {
    const auto m = w.ask("alias.a.test.", qtype);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer == Lines{"alias.a.test. 300 IN CNAME www.a.test."});
    CHECK(m.authority == Lines{soa("a.test")});
  }
}

}  // namespace gslbd::test
