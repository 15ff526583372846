// SPDX-License-Identifier: Apache-2.0
#include "server/app/policy_builder.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

Loaded loaded(const std::string& options, const std::string& listen = R"(["127.0.0.1:53", "[::1]:53"])") {
  Diagnostics d;
  auto config = read_config(R"({"zones": "z", "listen": )" + listen + options + "}", "gslbd.json", d);
  for (const auto& each : d.all()) FAIL_CHECK(each.to_string());
  return Loaded{std::move(*config), nullptr, {}, {}};
}

std::string told(const AnswerPolicy& policy, const char* name) {
  const auto record = policy.chaos.find(zones::QueryName(*zones::Name::parse(name)));
  // Behind owner, type, class, TTL and length: one character-string.
  return record.empty() ? "" : std::string(record.begin() + 13, record.end());
}

std::string text(const std::vector<std::uint8_t>& octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

TEST_CASE("a server without an identity tells nothing of itself") {
  const auto policy = PolicyBuilder().make(loaded(""));
  for (const char* name : {"version.bind", "version.server", "hostname.bind", "id.server"}) {
    CHECK(told(*policy, name).empty());
  }
  CHECK(policy->nsid.empty());
  CHECK(policy->cookies.has_value());
  CHECK(policy->rate_limiter == nullptr);
  CHECK(policy->report_agent.empty());
}

TEST_CASE("an identity is told, the version is not") {
  const auto policy = PolicyBuilder().make(loaded(R"(, "identity": "ns1.fra")"));
  CHECK(told(*policy, "id.server") == "ns1.fra");
  CHECK(told(*policy, "hostname.bind") == "ns1.fra");
  CHECK(told(*policy, "version.bind").empty());
  CHECK(told(*policy, "version.server").empty());
  CHECK(text(policy->nsid) == "ns1.fra");
}

TEST_CASE("what the file says goes before the defaults") {
  const auto policy = PolicyBuilder().make(loaded(R"(, "identity": "ns1", "nsid": "0x0102",
      "chaos": {"version.bind": true, "id.server": false, "hostname.bind": "anycast"},
      "udp_payload": 1400, "additional": false, "cookies": false, "report_agent": "Errors.Example.net")"));
  CHECK(text(policy->nsid) == "\x01\x02");
  CHECK_THAT(told(*policy, "version.bind"), Catch::StartsWith("gslbd "));
  CHECK(told(*policy, "id.server").empty());
  CHECK(told(*policy, "hostname.bind") == "anycast");
  CHECK(policy->udp_payload == 1400);
  CHECK_FALSE(policy->additional);
  CHECK_FALSE(policy->cookies);
  CHECK(text(policy->report_agent) == std::string("\6errors\7example\3net\0", 20));
}

TEST_CASE("a host name is told when that is asked for") {
  const Loaded asked = loaded(R"(, "nsid": true)");
  CHECK(text(PolicyBuilder().make(asked)->nsid) == asked.config.name());
}

TEST_CASE("an identity longer than an NSID may be is cut") {
  CHECK(PolicyBuilder().make(loaded(R"(, "identity": ")" + std::string(300, 'x') + "\""))->nsid.size() ==
        AnswerPolicy::kMaxNsid);
}

TEST_CASE("a secret of our own stays over reloads, a file's changes with it") {
  PolicyBuilder builder;
  const auto first = builder.make(loaded(""))->cookies;
  CHECK(builder.make(loaded(R"(, "udp_payload": 600)"))->cookies == first);
  CHECK(PolicyBuilder().make(loaded(""))->cookies != first);

  Loaded from_file = loaded(R"(, "cookies": {"secret_file": "keys"})");
  from_file.cookie_secrets = *CookieSecrets::parse("e5e973e5a6b2a43f48e7dc849e37bfcf", "keys");
  CHECK(builder.make(from_file)->cookies == from_file.cookie_secrets);
  CHECK_FALSE(builder.make(loaded(R"(, "cookies": false)"))->cookies);
  CHECK(builder.make(loaded(""))->cookies == first);
}

TEST_CASE("the rate limiter keeps its memory while its settings stay") {
  PolicyBuilder builder;
  const auto limit = [](int n) {
    return R"(, "rate_limit": {"answers_per_second": )" + std::to_string(n) + "}";
  };
  const auto first = builder.make(loaded(limit(5)))->rate_limiter;
  REQUIRE(first != nullptr);
  CHECK(builder.make(loaded(limit(5) + R"(, "nsid": "x")"))->rate_limiter == first);
  CHECK(builder.make(loaded(limit(6)))->rate_limiter != first);
  CHECK(builder.make(loaded(""))->rate_limiter == nullptr);
}

TEST_CASE("who may ask follows the listener's endpoint, and the open sockets stay the measure") {
  const auto admits = [](const AnswerPolicy& policy, std::size_t listener) {
    return policy.listeners.at(listener).admits(*Address::parse("192.0.2.1"));
  };
  const std::string denying = R"({"address": "127.0.0.1:53", "deny": "192.0.2.0/24"})";
  PolicyBuilder builder;
  CHECK(admits(*builder.make(loaded("")), 0));
  // Another order: sockets keep theirs until a restart.
  const auto swapped = builder.make(loaded("", R"(["[::1]:53", )" + denying + "]"));
  CHECK_FALSE(admits(*swapped, 0));
  CHECK(admits(*swapped, 1));
  // What is no longer in the file is still open: it keeps its rules rather than becoming everybody's.
  const auto gone = builder.make(loaded("", R"(["[::1]:53", "127.0.0.1:54"])"));
  CHECK(gone->listeners.size() == 2);
  CHECK_FALSE(admits(*gone, 0));
  CHECK(admits(*builder.make(loaded("")), 0));
}

TEST_CASE("of several listeners on ports that the kernel chose each keeps its own rules") {
  const auto listen = [](const char* second) {
    return R"(["127.0.0.1:0", {"address": "127.0.0.1:0", "deny": ")" + std::string(second) + "\"}]";
  };
  PolicyBuilder builder;
  (void)builder.make(loaded("", listen("192.0.2.0/24")));
  const auto policy = builder.make(loaded("", listen("198.51.100.0/24")));
  CHECK(policy->listeners[0].is_open());
  CHECK(policy->listeners[1].admits(*Address::parse("192.0.2.1")));
  CHECK_FALSE(policy->listeners[1].admits(*Address::parse("198.51.100.1")));
}
