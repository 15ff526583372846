// SPDX-License-Identifier: Apache-2.0
#include "core/prefix.h"

#include "core/random.h"
#include "tests/support/catch.h"

namespace gslbd {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}
Prefix prefix(std::string_view text) {
  const auto p = Prefix::parse(text);
  REQUIRE(p.has_value());
  return *p;
}

TEST_CASE("prefixes are read and printed") {
  CHECK(prefix("192.0.2.0/24").to_string() == "192.0.2.0/24");
  CHECK(prefix("2001:db8::/32").to_string() == "2001:db8::/32");
  CHECK(prefix("192.0.2.1").to_string() == "192.0.2.1/32");
  CHECK(prefix("::1").to_string() == "::1/128");
  CHECK(prefix("0.0.0.0/0").last() == address("255.255.255.255"));
  CHECK(prefix("2001:db8::/33").last() == address("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
}

TEST_CASE("what is no prefix is refused, with the reason") {
  for (const char* text : {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "::/129", "192.0.2.0/24x",
                           "192.0.2/24", "192.0.2.0/ 24", "example.com/24", "192.0.2.0/+4"}) {
    INFO(text);
    CHECK_FALSE(Prefix::parse(text).has_value());
  }
  const auto meant = Prefix::parse("192.0.2.1/24");
  REQUIRE_FALSE(meant.has_value());
  CHECK(meant.error().message.find("did you mean \"192.0.2.0/24\"?") != std::string::npos);
}

TEST_CASE("a prefix contains its own family only") {
  CHECK(prefix("192.0.2.0/24").contains(address("192.0.2.255")));
  CHECK_FALSE(prefix("192.0.2.0/24").contains(address("192.0.3.0")));
  CHECK_FALSE(prefix("0.0.0.0/0").contains(address("::")));
  CHECK(prefix("::/0").contains(address("2001:db8::1")));
}

TEST_CASE("the longest prefix decides") {
  const PrefixMap<int> map({{prefix("10.0.0.0/8"), 1},
                            {prefix("10.1.0.0/16"), 2},
                            {prefix("10.1.2.0/24"), 3},
                            {prefix("10.1.2.3"), 4},
                            {prefix("255.255.255.255"), 5},
                            {prefix("::/0"), 6}});
  const auto at = [&](const char* text) {
    const int* v = map.find(address(text));
    return v == nullptr ? 0 : *v;
  };
  CHECK(at("9.255.255.255") == 0);
  CHECK(at("10.0.0.0") == 1);
  CHECK(at("10.1.0.0") == 2);
  CHECK(at("10.1.2.2") == 3);
  CHECK(at("10.1.2.3") == 4);
  CHECK(at("10.1.2.4") == 3);
  CHECK(at("10.1.3.0") == 2);
  CHECK(at("10.2.0.0") == 1);
  CHECK(at("11.0.0.0") == 0);
  CHECK(at("255.255.255.255") == 5);
  CHECK(at("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == 6);
}

TEST_CASE("random prefixes, against a linear search") {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<Prefix, std::uint32_t>> entries;
    // Few distinct bits, so that prefixes nest and touch.
    const auto random_address = [&] {
      std::array<std::uint8_t, 16> b{};
      for (auto& octet : b) octet = static_cast<std::uint8_t>(random.below(4) * 85);
      return random.below(2) == 0 ? Address::from_v4(std::span<const std::uint8_t>(b).first<4>())
                                  : Address::from_v6(std::span<const std::uint8_t, 16>(b));
    };
    const std::uint32_t count = random.below(40);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Address a = random_address();
      const auto length = static_cast<std::uint8_t>(random.below(a.is_v4() ? 33 : 129));
      entries.emplace_back(Prefix(a, length), i);
    }
    const PrefixMap<std::uint32_t> map(entries);
    for (int i = 0; i < 200; ++i) {
      const Address a = i % 2 == 0 || entries.empty() ? random_address()
                        : i % 4 == 1                  ? entries[random.below(count)].first.last()
                                                      : entries[random.below(count)].first.first();
      const std::uint32_t* want = nullptr;
      int longest = -1;
      for (const auto& [p, value] : entries) {
        if (p.contains(a) && p.length() >= longest) {
          longest = p.length();
          want = &value;
        }
      }
      const std::uint32_t* got = map.find(a);
      INFO(a.to_string());
      REQUIRE((got == nullptr) == (want == nullptr));
      if (want != nullptr) REQUIRE(*got == *want);
    }
  }
}

}  // namespace
}  // namespace gslbd
