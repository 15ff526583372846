// SPDX-License-Identifier: Apache-2.0
// RFC 6672 §2: what a DNAME redirects, and what it does not.
#include <algorithm>

#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

// A target of `size` octets on the wire.
std::string name_of(std::size_t size) {
  std::string out;
  for (std::size_t left = size - 1; left > 0;) {
    const std::size_t label = std::min<std::size_t>(63, left - 1);
    // What remains must hold at least one octet of label, or nothing.
    const std::size_t take = left - 1 - label == 1 ? label - 1 : label;
    out += std::string(take, 'l') + ".";
    left -= take + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("RFC 6672 §2.2: the substitutions of the table") {
  // Example 5 to 11 of the table, as far as they are about one zone: owner example.com, target of each row.
  const auto synthesized = [](const std::string& target, const std::string& qname) {
    World w({zone("example.com", R"("@": {"NS": "ns1", "DNAME": ")" + target + "\"}")});
    const auto m = w.ask(qname, type::kA, {}, kTcp);
    for (const auto& line : m.answer_in_order) {
      const auto at = line.find(" IN CNAME ");
      if (at != std::string::npos) return line.substr(at + 10);
    }
    return std::string("none");
  };
  CHECK(synthesized("example.net.", "example.com.") == "none");
  CHECK(synthesized("example.net.", "a.example.com.") == "a.example.net.");
  CHECK(synthesized("example.net.", "a.b.example.com.") == "a.b.example.net.");
  CHECK(synthesized("b.example.net.", "a.example.com.") == "a.b.example.net.");
  CHECK(synthesized("example.example.net.", "a.example.com.") == "a.example.example.net.");
  CHECK(synthesized("net.", "shortloop.example.com.") == "shortloop.net.");
  CHECK(synthesized(".", "x.example.com.") == "x.");
}

TEST_CASE("RFC 6672 §2.2: a name that gets longer than 255 octets is YXDOMAIN, with the DNAME") {
  for (const std::size_t size : {std::size_t{200}, std::size_t{245}}) {
    World w({zone("d.test", R"("long": {"DNAME": ")" + name_of(size) + "\"}")});
    const std::size_t room = 255 - size;  // for the labels before the owner, their lengths included
    const auto prefix = [](std::size_t octets) {
      std::string out;
      while (octets > 0) {
        std::size_t take = std::min<std::size_t>(octets, 64);
        if (octets - take == 1) --take;
        out += std::string(take - 1, 'p') + ".";
        octets -= take;
      }
      return out;
    };
    const auto fits = w.ask(prefix(room) + "long.d.test.", type::kA, {}, kTcp);
    CHECK(fits.rcode == rcode::kNoError);
    CHECK(fits.answer.size() == 2);
    const auto over = w.ask(prefix(room + 1) + "long.d.test.", type::kA, {}, kTcp);
    CHECK(over.rcode == rcode::kYxDomain);
    CHECK(over.aa);
    REQUIRE(over.answer.size() == 1);
    CHECK(over.answer[0].substr(0, 26) == "long.d.test. 300 IN DNAME ");
    const auto udp = w.ask(prefix(room + 1) + "long.d.test.", type::kA, {}, kUdp);
    CHECK((udp.tc || udp.rcode == rcode::kYxDomain));
  }
}

TEST_CASE("RFC 6672 §2.3: the DNAME's owner itself is not redirected, and may own other data") {
  World w(
      {zone("d.test",
            R"("old": {"DNAME": "new", "TXT": "\"here\"", "pool": "web"}, "new": {"TXT": "\"there\""})")});
  CHECK(w.ask("old.d.test.", type::kTxt).answer == Lines{"old.d.test. 300 IN TXT \"here\""});
  CHECK(w.ask("old.d.test.", type::kA).answer == web_a("old.d.test."));
  CHECK(w.ask("old.d.test.", type::kDname).answer == Lines{"old.d.test. 300 IN DNAME new.d.test."});
  const auto no_data = w.ask("old.d.test.", type::kMx);
  CHECK(no_data.rcode == rcode::kNoError);
  CHECK(no_data.authority == Lines{soa("d.test")});
}

TEST_CASE("RFC 6672 §2.3: a DNAME at the apex") {
  World w(
      {zone("d.test",
            R"("@": {"NS": "ns.other.test.", "DNAME": "e.test.", "pool": "web"}, "ns1": {"A": "192.0.2.1"})"),
       zone("e.test", R"("www": {"pool": "web"})")});
  CHECK(w.ask("d.test.", type::kA).answer == web_a("d.test."));
  const auto m = w.ask("www.d.test.", type::kA);
  CHECK(m.answer.size() == 4);
  CHECK(m.answer_in_order[0] == "d.test. 300 IN DNAME e.test.");
}

TEST_CASE(
    "RFC 6672: §2.4: a DNAME stands alone: not with a CNAME, not with another DNAME, not with a cut's NS") {
  CHECK_FALSE(loads(zone("d.test", R"("x": {"DNAME": "a.test.", "CNAME": "b"})")));
  CHECK_FALSE(loads(zone("d.test", R"("x": {"DNAME": ["a.test.", "b.test."]})")));
  CHECK_FALSE(loads(zone("d.test", R"("x": {"DNAME": "a.test.", "NS": "ns.other.test."})")));
}

TEST_CASE("RFC 6672 §2.4: what lies below a DNAME is not seen") {
  World w({zone("d.test",
                R"("old": {"DNAME": "new"}, "hidden.old": {"pool": "web"}, "cut.old": {"NS": "ns.x.test."},
                             "*.old": {"pool": "web"}, "new": {"TXT": "\"t\""})")});
  for (const char* name : {"hidden.old.d.test.", "x.cut.old.d.test.", "any.old.d.test."}) {
    INFO(name);
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNxDomain);
    REQUIRE(m.answer_in_order.size() == 2);
    CHECK(m.answer_in_order[0] == "old.d.test. 300 IN DNAME new.d.test.");
  }
}

}  // namespace gslbd::test
