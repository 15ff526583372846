// SPDX-License-Identifier: Apache-2.0
#include "server/config/rate_limit_config.h"

#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

struct Read {
  RateLimitSettings settings;
  std::vector<std::string> messages;
};

Read read(std::string_view text) {
  Diagnostics diagnostics;
  const auto document = parse_json(text, "f", diagnostics);
  REQUIRE(document.has_value());
  Read result;
  const std::string file = "f";
  read_rate_limit(JsonView(*document, file, diagnostics, "/rate_limit"), result.settings);
  for (const auto& d : diagnostics.all()) result.messages.push_back(d.to_string());
  return result;
}

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("every key of rate_limit is read") {
  const auto [s, messages] = read(R"({"answers_per_second": 20, "nodata_per_second": 19,
      "nxdomains_per_second": 18, "referrals_per_second": 17, "errors_per_second": 16, "all_per_second": 100,
      "burst": "2s", "slip": 2, "leak": 3, "ipv4_prefix_length": 32, "ipv6_prefix_length": 64,
      "exempt": ["192.0.2.0/24", "2001:db8::/32", "198.51.100.1"], "table_size": 4096, "log_only": true})");
  CHECK(messages.empty());
  RateLimitSettings want;
  want.per_second = {20, 19, 18, 17, 16};
  want.all_per_second = 100;
  want.burst = 2s;
  want.slip = 2;
  want.leak = 3;
  want.ipv4_prefix_length = 32;
  want.ipv6_prefix_length = 64;
  want.exempt = {*Prefix::parse("192.0.2.0/24"), *Prefix::parse("2001:db8::/32"),
                 *Prefix::parse("198.51.100.1")};
  want.table_size = 4096;
  want.log_only = true;
  CHECK(s == want);
}

TEST_CASE("classes without a rate of their own have that of answers") {
  const auto [s, messages] = read(R"({"answers_per_second": 20, "errors_per_second": 0})");
  CHECK(messages.empty());
  CHECK(s.rate(AnswerClass::answer) == 20);
  CHECK(s.rate(AnswerClass::nodata) == 20);
  CHECK(s.rate(AnswerClass::nxdomain) == 20);
  CHECK(s.rate(AnswerClass::referral) == 20);
  CHECK(s.rate(AnswerClass::error) == 0);
  CHECK(s.limits_anything());
  CHECK(read(R"({"all_per_second": 5})").settings.limits_anything());
  CHECK_FALSE(RateLimitSettings{}.limits_anything());
}

TEST_CASE("mistakes in rate_limit are reported at their place") {
  CHECK(
      read(R"({"answers_per_second": 1000001, "slip": 16, "leak": 1, "burst": "2m",
                 "ipv4_prefix_length": 33, "ipv6_prefix_length": 0, "table_size": 1023, "log_only": "yes",
                 "exempt": ["192.0.2.0/24", 7, "192.0.2.1/24", "nobody"], "nxdomain_per_second": 1,
                 "all_per_second": 1})")
          .messages ==
      Messages{
          "f: /rate_limit/nxdomain_per_second: unknown key \"nxdomain_per_second\"; did you mean "
          "\"nxdomains_per_second\"?",
          "f: /rate_limit/answers_per_second: 1000001 is outside 0 to 1000000",
          "f: /rate_limit/burst: \"2m\" is outside 100ms to 1m",
          "f: /rate_limit/slip: 16 is outside 0 to 15",
          "f: /rate_limit/leak: 1 would let everything out; 0 lets nothing leak",
          "f: /rate_limit/ipv4_prefix_length: 33 is outside 1 to 32",
          "f: /rate_limit/ipv6_prefix_length: 0 is outside 1 to 128",
          "f: /rate_limit/exempt/1: expected a string, found 7",
          "f: /rate_limit/exempt/2: \"192.0.2.1/24\" has bits set beyond its length; did you mean "
          "\"192.0.2.0/24\"?",
          "f: /rate_limit/exempt/3: \"nobody\" is no prefix, such as \"192.0.2.0/24\", \"2001:db8::/32\" or "
          "one address",
          "f: /rate_limit/table_size: 1023 is outside 1024 to 16777216",
          "f: /rate_limit/log_only: expected true or false, found \"yes\"",
      });
  CHECK(read("[]").messages == Messages{"f: /rate_limit: expected an object, found an empty list"});
  CHECK(
      read(R"({"answers_per_second": 5, "exempt": true})").messages ==
      Messages{"f: /rate_limit/exempt: expected a prefix such as \"192.0.2.0/24\", or a list of them, found "
               "true"});
}

TEST_CASE("limits that limit nothing are warned of") {
  CHECK(read("{}").messages == Messages{"f: /rate_limit: warning: no rate is set, so nothing is limited"});
  CHECK(
      read(R"({"answers_per_second": 20, "errors_per_second": 5, "all_per_second": 10})").messages ==
      Messages{"f: /rate_limit/answers_per_second: warning: never reached: all_per_second lets no more than "
               "10 out"});
}

}  // namespace gslbd::server
