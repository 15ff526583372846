// SPDX-License-Identifier: Apache-2.0
// RFC 6891 §6.1: the OPT record: where it may stand (§6.1.1), its options (§6.1.2), versions (§6.1.3), flags
// (§6.1.4).
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("e.test", R"("www": {"pool": "web"}, "cut": {"NS": "ns.x.test."})")});
}

Packet asking() {
  return Packet().question("www.e.test.", type::kA);
}

void check_malformed(const std::optional<Message>& m) {
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kFormErr);
  CHECK_FALSE(m->aa);
  CHECK(m->answer.empty());
  CHECK(m->authority.empty());
}

}  // namespace

TEST_CASE("RFC 6891 §6.1.1: an OPT in the query brings one in the response, whatever the response is") {
  auto w = world();
  for (const char* name : {"www.e.test.", "nothing.e.test.", "cut.e.test.", "elsewhere.test."}) {
    for (const std::uint16_t qtype : Numbers{1, 15, 252, 255}) {
      INFO(name << " " << qtype);
      const auto m = w.ask(name, qtype, {.edns = true});
      CHECK(m.edns);
      std::size_t count = 0;
      for (const auto& r : take_apart(m.wire)) {
        if (r.rr_type != type::kOpt) continue;
        ++count;
        CHECK(r.section == Packet::additional_section);
        CHECK(r.owner == ".");
      }
      CHECK(count == 1);
    }
  }
}

TEST_CASE("RFC 6891 §6.1.1, §7: without an OPT in the query there is none in the response") {
  auto w = world();
  for (const char* name : {"www.e.test.", "nothing.e.test.", "cut.e.test.", "elsewhere.test."}) {
    CHECK_FALSE(w.ask(name, type::kA).edns);
  }
  CHECK_FALSE(w.send(Packet()).value().edns);
  CHECK_FALSE(w.send(Packet(5 << 11)).value().edns);
}

TEST_CASE("RFC 6891 §6.1.1: two OPT records are FORMERR") {
  auto w = world();
  check_malformed(w.send(asking().opt().opt()));
  check_malformed(w.send(asking().opt({}, 1232).opt({}, 4096)));
  check_malformed(w.send(asking().opt({}, 1232, 0).opt({}, 1232, 1)));
}

TEST_CASE("RFC 6891 §6.1.1: an OPT elsewhere than in the additional section is FORMERR") {
  auto w = world();
  for (const auto section : {Packet::answer_section, Packet::authority_section}) {
    check_malformed(w.send(asking().record(section, {0}, type::kOpt, 1232, 0, {})));
  }
}

TEST_CASE("RFC 6891 §6.1.2: an OPT that is not owned by the root is FORMERR") {
  auto w = world();
  for (const Octets& owner : {Octets{1, 'x', 0}, Octets{0xc0, 0x0c}}) {
    check_malformed(w.send(asking().record(Packet::additional_section, owner, type::kOpt, 1232, 0, {})));
  }
}

TEST_CASE("RFC 6891 §6.1.1: an OPT may stand anywhere among the additional records") {
  auto w = world();
  const Octets a{192, 0, 2, 1};
  const auto first =
      w.send(asking().opt().record(Packet::additional_section, {0xc0, 0x0c}, type::kA, 1, 0, a));
  const auto last =
      w.send(asking().record(Packet::additional_section, {0xc0, 0x0c}, type::kA, 1, 0, a).opt());
  for (const auto& m : {first, last}) {
    REQUIRE(m.has_value());
    CHECK(m->edns);
    CHECK(m->answer == web_a("www.e.test."));
  }
}

TEST_CASE("RFC 6891 §6.1.2: options that we do not know are skipped and not sent back") {
  auto w = world();
  for (const std::uint16_t code :
       Numbers{0, 1, 2, 4, 5, 6, 7, 9, 13, 14, 16, 17, 20, 100, 20292, 26946, 65001, 65534, 65535}) {
    for (const std::size_t size : {0U, 1U, 7U, 300U}) {
      INFO(code << " with " << size);
      const auto m = w.ask("www.e.test.", type::kA, {.options = {{code, Octets(size, 0xab)}}});
      CHECK(m.rcode == rcode::kNoError);
      CHECK(m.edns);
      CHECK(m.options.empty());
      CHECK(m.answer == web_a("www.e.test."));
    }
  }
}

TEST_CASE("RFC 6891 §6.1.2: options whose lengths do not add up are FORMERR") {
  auto w = world();
  check_malformed(w.send(asking().opt({0})));
  check_malformed(w.send(asking().opt({0, 100})));
  check_malformed(w.send(asking().opt({0, 100, 0})));
  check_malformed(w.send(asking().opt({0, 100, 0, 1})));
  check_malformed(w.send(asking().opt({0, 100, 0xff, 0xff, 1, 2, 3})));
  check_malformed(w.send(asking().opt({0, 100, 0, 0, 0})));
  check_malformed(w.send(asking().opt({0, 100, 0, 2, 1, 2, 0, 3, 0, 1})));
}

TEST_CASE("RFC 6891 §6.1.2: RDATA of the OPT that runs past the message is FORMERR") {
  auto w = world();
  const Octets whole = asking().opt({0, 100, 0, 4, 1, 2, 3, 4});
  for (std::size_t n = whole.size() - 18; n < whole.size(); ++n) {
    check_malformed(w.send(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))));
  }
}

TEST_CASE("RFC 6891 §6.1.3: every version but 0 is BADVERS, and the response tells version 0") {
  auto w = world();
  for (unsigned version = 1; version < 256; ++version) {
    const auto m =
        w.ask("www.e.test.", type::kA, {.edns = true, .edns_version = static_cast<std::uint8_t>(version)});
    CHECK(m.rcode == rcode::kBadVers);
    CHECK(m.edns);
    CHECK(m.edns_version == 0);
    CHECK_FALSE(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority.empty());
    CHECK(m.additional.empty());
    CHECK(m.options.empty());
  }
}

TEST_CASE("RFC 6891 §6.1.3: options of another version are not judged") {
  auto w = world();
  for (const Octets& rdata : {Octets{0, 100, 0, 0}, Octets{0, 10, 0, 1, 1}, Octets{0, 8, 0, 0}}) {
    const auto m = w.send(asking().opt(rdata, 1232, 1));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kBadVers);
    CHECK(m->options.empty());
  }
}

TEST_CASE("RFC 6891 §6.1.3: the upper bits of the RCODE in a query mean nothing") {
  auto w = world();
  const auto m = w.send(asking().record(Packet::additional_section, {0}, type::kOpt, 1232, 0xff000000, {}));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kNoError);
}

TEST_CASE("RFC 6891 §6.1.4, RFC 3225 §3: DO comes back, other flags do not") {
  auto w = world();
  for (unsigned bit = 0; bit < 16; ++bit) {
    const auto flags = static_cast<std::uint16_t>(1U << bit);
    for (const std::uint8_t version : Octets{0, 1}) {
      const auto m = w.send(asking().opt({}, 1232, version, flags));
      REQUIRE(m.has_value());
      CHECK(m->rcode == (version == 0 ? rcode::kNoError : rcode::kBadVers));
      CHECK(m->edns_flags == (bit == 15 ? 0x8000 : 0));
    }
  }
}

}  // namespace gslbd::test
