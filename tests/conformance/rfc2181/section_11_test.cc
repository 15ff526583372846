// SPDX-License-Identifier: Apache-2.0
// RFC 2181 §11: a label is any string of octets; the DNS itself puts no restriction on it.
#include "tests/conformance/packet.h"

namespace gslbd::test {

TEST_CASE("RFC 2181: names of any octets are found and sent back") {
  World w({zone("t.test", R"("\\000\\255\\001": {"pool": "web"}, "sp\\032ace": {"pool": "web"},
                             "do\\.t": {"pool": "web"}, "_under": {"pool": "web"},
                             "back\\\\slash": {"pool": "web"})")});
  for (const char* name : {"\\000\\255\\001.t.test.", "sp\\032ace.t.test.", "do\\.t.t.test.",
                           "_under.t.test.", "back\\\\slash.t.test."}) {
    INFO(name);
    const auto m = w.ask(name, type::kA);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer.size() == 2);
  }
}

TEST_CASE("RFC 2181: a dot inside a label separates nothing") {
  World w({zone("t.test", R"("do\\.t": {"TXT": "\"one label\""}, "do": {"TXT": "\"two\""})")});
  CHECK(w.ask("do\\.t.t.test.", type::kTxt).answer.size() == 1);
  CHECK(w.ask("do.t.t.test.", type::kTxt).rcode == rcode::kNxDomain);
  CHECK(w.ask("t.t.test.", type::kTxt).rcode == rcode::kNxDomain);
}

TEST_CASE("RFC 2181: labels of 63 octets and names of 255 are names") {
  const std::string label(63, 'a');
  World w({zone("t.test", "\"" + label + "." + label + "." + label + R"(": {"pool": "web"})")});
  CHECK(w.ask(label + "." + label + "." + label + ".t.test.", type::kA).answer.size() == 2);
  // 255 octets: three labels of 64 octets each, one of 55, t.test. with 8.
  const std::string longest = label + "." + label + "." + label + "." + std::string(54, 'b') + ".t.test.";
  CHECK(wire_name(longest).size() == 255);
  CHECK(w.ask(longest, type::kA).rcode == rcode::kNxDomain);
  std::string many;
  for (int i = 0; i < 123; ++i) many += "a.";
  CHECK(wire_name(many + "t.test.").size() == 254);
  CHECK(w.ask(many + "t.test.", type::kA).rcode == rcode::kNxDomain);
}

TEST_CASE("RFC 2181: longer than that is no name, and no message either") {
  World w({zone("t.test", "")});
  Octets name;
  for (int i = 0; i < 4; ++i) name = name + Octets{63} + Octets(63, 'a');
  const auto m = w.send(Packet().octets(name + Octets{0, 0, 1, 0, 1}).count(Packet::question_section, 1));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kFormErr);
}

}  // namespace gslbd::test
