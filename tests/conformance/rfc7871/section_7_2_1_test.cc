// SPDX-License-Identifier: Apache-2.0
// RFC 7871 §6 and §7.2.1: client subnet: what is well-formed, and how an authoritative server answers it.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kSubnet = 8;

World world() {
  return World(
      {zone("s.test", R"("www": {"pool": "web"}, "alias": {"CNAME": "www"}, "cut": {"NS": "ns.x.test."})")});
}

// FAMILY, SOURCE PREFIX-LENGTH, SCOPE PREFIX-LENGTH, ADDRESS.
Octets subnet(std::uint16_t family, std::uint8_t source, std::uint8_t scope, const Octets& address) {
  return Octets{static_cast<std::uint8_t>(family >> 8), static_cast<std::uint8_t>(family), source, scope} +
         address;
}

Message asked(World& w, const Octets& option, const std::string& name = "www.s.test.") {
  return w.ask(name, type::kA, {.options = {{kSubnet, option}}});
}

void check_malformed(World& w, const Octets& option) {
  const auto m = asked(w, option);
  CHECK(m.rcode == rcode::kFormErr);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.option(kSubnet) == nullptr);
}

}  // namespace

TEST_CASE(
    "RFC 7871 §7.2.1: FAMILY, SOURCE and ADDRESS come back; the scope is 0: the answer is for everybody") {
  auto w = world();
  for (const Octets& option :
       {subnet(1, 24, 0, {198, 51, 100}), subnet(1, 32, 0, {198, 51, 100, 7}), subnet(1, 1, 0, {0x80}),
        subnet(1, 20, 0, {198, 51, 0x60}), subnet(2, 56, 0, {0x20, 1, 0x0d, 0xb8, 1, 2, 3}),
        subnet(2, 128, 0, Octets(16, 0x20)), subnet(2, 33, 0, {0x20, 1, 0x0d, 0xb8, 0x80}),
        subnet(1, 0, 0, {}), subnet(2, 0, 0, {})}) {
    const auto m = asked(w, option);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer == web_a("www.s.test."));
    REQUIRE(m.option(kSubnet) != nullptr);
    CHECK(m.option(kSubnet)->data == option);
    CHECK(m.options.size() == 1);
  }
}

TEST_CASE("RFC 7871 §7.2.1: the option comes back with every answer, needed or not") {
  auto w = world();
  const Octets option = subnet(1, 24, 0, {198, 51, 100});
  for (const char* name : {"www.s.test.", "alias.s.test.", "nothing.s.test.", "x.cut.s.test.", "s.test."}) {
    const auto m = asked(w, option, name);
    REQUIRE(m.option(kSubnet) != nullptr);
    CHECK(m.option(kSubnet)->data == option);
  }
}

TEST_CASE("RFC 7871 §7.2.1: not asked for, it is not sent") {
  auto w = world();
  CHECK(w.ask("www.s.test.", type::kA, {.edns = true}).option(kSubnet) == nullptr);
}

TEST_CASE("RFC 7871 §7.1.2: no address and family 0 asks that none be used") {
  auto w = world();
  const auto m = asked(w, subnet(0, 0, 0, {}));
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer == web_a("www.s.test."));
}

TEST_CASE("RFC 7871 §7.2.1: an unknown FAMILY is FORMERR") {
  auto w = world();
  for (const std::uint16_t family : Numbers{3, 4, 16, 255, 256, 257, 258, 65535}) {
    check_malformed(w, subnet(family, 0, 0, {}));
    check_malformed(w, subnet(family, 24, 0, {198, 51, 100}));
  }
  check_malformed(w, subnet(0, 24, 0, {198, 51, 100}));
  check_malformed(w, subnet(0, 0, 0, {198}));
}

TEST_CASE("RFC 7871 §6: too few or too many ADDRESS octets are FORMERR") {
  auto w = world();
  for (std::uint8_t source = 0; source <= 32; ++source) {
    const std::size_t needed = (source + 7U) / 8;
    for (std::size_t n = 0; n <= 16; ++n) {
      if (n != needed) check_malformed(w, subnet(1, source, 0, Octets(n, 0)));
    }
  }
  for (const std::uint8_t source : Octets{1, 8, 48, 56, 64, 127, 128}) {
    const std::size_t needed = (source + 7U) / 8;
    check_malformed(w, subnet(2, source, 0, Octets(needed - 1, 0)));
    check_malformed(w, subnet(2, source, 0, Octets(needed + 1, 0)));
  }
}

TEST_CASE("RFC 7871 §6: ADDRESS bits beyond SOURCE PREFIX-LENGTH are FORMERR") {
  auto w = world();
  for (std::uint8_t source = 1; source < 32; ++source) {
    if (source % 8 == 0) continue;
    Octets address((source + 7U) / 8, 0);
    address.back() = static_cast<std::uint8_t>(1U << (7 - source % 8));
    check_malformed(w, subnet(1, source, 0, address));
    address.back() = 1;
    check_malformed(w, subnet(1, source, 0, address));
  }
  check_malformed(w, subnet(2, 57, 0, {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0x40}));
}

TEST_CASE("RFC 7871 §6: a SOURCE PREFIX-LENGTH longer than the family's addresses is FORMERR") {
  auto w = world();
  check_malformed(w, subnet(1, 33, 0, Octets(5, 0)));
  check_malformed(w, subnet(1, 128, 0, Octets(16, 0)));
  check_malformed(w, subnet(1, 255, 0, Octets(32, 0)));
  check_malformed(w, subnet(2, 129, 0, Octets(17, 0)));
  check_malformed(w, subnet(2, 255, 0, Octets(32, 0)));
}

TEST_CASE("RFC 7871 §6: a SCOPE PREFIX-LENGTH in a query must be 0") {
  auto w = world();
  for (const std::uint8_t scope : Octets{1, 24, 32, 255})
    check_malformed(w, subnet(1, 24, scope, {198, 51, 100}));
}

TEST_CASE("RFC 7871 §6: an option that ends within its fixed fields is FORMERR") {
  auto w = world();
  const Octets whole = subnet(1, 0, 0, {});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    check_malformed(w, Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
  }
}

}  // namespace gslbd::test
