// SPDX-License-Identifier: Apache-2.0
#include "core/address.h"

#include "tests/support/catch.h"

using namespace gslbd;

TEST_CASE("addresses of both families are read and printed") {
  for (const char* text :
       {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "::ffff:192.0.2.1"}) {
    const auto a = Address::parse(text);
    REQUIRE(a.has_value());
    CHECK(a->to_string() == text);
  }
  CHECK(Address::parse("127.0.0.9")->is_loopback());
  CHECK(Address::parse("::1")->is_loopback());
  CHECK_FALSE(Address::parse("2001:db8::1")->is_loopback());
}

TEST_CASE("what is not an address is refused by name") {
  for (const char* text :
       {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "2001:db8::g", "example.com", "[::1]"}) {
    INFO(text);
    REQUIRE_FALSE(Address::parse(text).has_value());
    CHECK(Address::parse(text).error().message.find(text) != std::string::npos);
  }
}

TEST_CASE("an address does not end at a NUL") {
  using namespace std::string_view_literals;
  for (const auto text : {"192.0.2.1\0x"sv, "192.0.2.1\0"sv, "2001:db8::1\0"sv}) {
    CHECK_FALSE(Address::parse(text).has_value());
  }
  CHECK_FALSE(Endpoint::parse("192.0.2.1\0x:53"sv).has_value());
}

TEST_CASE("endpoints carry a port, and IPv6 its brackets") {
  CHECK(Endpoint::parse("192.0.2.1:53")->to_string() == "192.0.2.1:53");
  CHECK(Endpoint::parse("[2001:db8::1]:5300")->to_string() == "[2001:db8::1]:5300");
  CHECK(Endpoint::parse("0.0.0.0:0")->port == 0);
  for (const char* text : {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "2001:db8::1:53",
                           "[192.0.2.1]:53", "[::1]", "localhost:53", "192.0.2.1:5x"}) {
    INFO(text);
    CHECK_FALSE(Endpoint::parse(text).has_value());
  }
}

TEST_CASE("an endpoint survives the kernel's form") {
  for (const char* text : {"192.0.2.1:53", "[2001:db8::1]:5300"}) {
    sockaddr_storage ss;
    Endpoint::parse(text)->to_sockaddr(ss);
    CHECK(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(ss)).to_string() == text);
  }
}
