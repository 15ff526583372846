// SPDX-License-Identifier: Apache-2.0
#include "server/control/requests.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

// Every complaint about a body, "pointer: message", one a line.
template <class Read>
std::string complaints(Read read, const std::string& body) {
  Diagnostics diagnostics;
  const bool good = read(Json::parse(body), diagnostics).has_value();
  CHECK(good == !diagnostics.has_errors());
  std::string out;
  for (const auto& d : diagnostics.all()) out += d.where + ": " + d.message + "\n";
  return out;
}

}  // namespace

TEST_CASE("a force says what, how, why, who and how long") {
  Diagnostics diagnostics;
  const auto request = read_force(
      Json::parse(
          R"({"site": "fra", "state": "drain", "reason": "new switch", "author": "anna", "for": "2h"})"),
      diagnostics);
  REQUIRE(request);
  CHECK(request->scope == ForcedScope::site("fra"));
  CHECK(request->state == ForcedState::drain);
  CHECK(request->reason == "new switch");
  CHECK(request->author == "anna");
  CHECK(request->lasting == Duration(2h));
}

TEST_CASE("the four scopes of a force") {
  const Address address = *Address::parse("192.0.2.1");
  const std::pair<const char*, ForcedScope> known[] = {
      {R"({"site": "fra", "state": "up"})", ForcedScope::site("fra")},
      {R"({"pool": "example.com/www", "state": "up"})", ForcedScope::pool("example.com/www")},
      {R"({"pool": "www", "member": "192.0.2.1", "state": "up"})", ForcedScope::member("www", address)},
      {R"({"check": "web", "target": "192.0.2.1", "state": "up"})", ForcedScope::target("web", address)}};
  for (const auto& [body, scope] : known) {
    INFO(body);
    Diagnostics diagnostics;
    const auto request = read_force(Json::parse(body), diagnostics);
    REQUIRE(request);
    CHECK(request->scope == scope);
    CHECK(request->lasting == std::nullopt);
  }
}

TEST_CASE("a mistaken force is told where and what, all of it at once") {
  CHECK(
      complaints(read_force, R"({"stie": "fra", "state": "drian", "for": "2 hours", "author": 7})") ==
      "/stie: unknown key \"stie\"; did you mean \"site\"?\n"
      "/state: \"drian\" is none of up, down, drain; did you mean \"drain\"?\n"
      "/author: expected a string, found 7\n"
      "/for: expected a duration such as \"250ms\", \"2s\", \"5m\", \"1h\" or a number of seconds, found \"2 "
      "hours\"\n");
  CHECK(complaints(read_force, R"({"site": "fra"})") ==
        ": the key \"state\" is missing (up, down or drain)\n");
  CHECK(complaints(read_force, "[]") == ": expected an object, found an empty list\n");
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "for": "500ms"})") ==
        "/for: \"500ms\" is outside 1s to 365d\n");
  CHECK(complaints(read_force, R"({"check": "web", "target": "192.0.2", "state": "up"})")
            .starts_with("/target: "));
}

TEST_CASE("a scope must be one of the four") {
  const std::string wrong =
      ": name one scope: \"site\", or \"pool\", or \"pool\" and \"member\", or \"check\" and \"target\"\n";
  for (const char* body : {R"({"state": "up"})", R"({"state": "up", "site": "a", "pool": "b"})",
                           R"({"state": "up", "member": "192.0.2.1"})", R"({"state": "up", "check": "web"})",
                           R"({"state": "up", "target": "192.0.2.1"})",
                           R"({"state": "up", "pool": "b", "member": "192.0.2.1", "target": "192.0.2.1"})",
                           R"({"state": "up", "site": "a", "member": "192.0.2.1"})"}) {
    INFO(body);
    CHECK(complaints(read_force, body) == wrong);
  }
}

TEST_CASE("texts that would play with a terminal are refused, and so are long ones") {
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "reason": "a\u001b[31m"})") ==
        "/reason: control characters and line ends do not belong here\n");
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "author": "a\nb"})") ==
        "/author: control characters and line ends do not belong here\n");
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "reason": "\u009b31m"})") ==
        "/reason: control characters and line ends do not belong here\n");
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "reason": "\u00a0Stra\u00dfe"})").empty());
  CHECK(complaints(read_force, R"({"site": "fra", "state": "up", "reason": ")" + std::string(501, 'x') +
                                   "\"}") == "/reason: 501 octets are too many: at most 500\n");
}

TEST_CASE("a release and a resume name a scope") {
  Diagnostics diagnostics;
  const auto release = read_release(Json::parse(R"({"pool": "www", "author": "anna"})"), diagnostics);
  REQUIRE(release);
  CHECK(release->scope == ForcedScope::pool("www"));
  CHECK(release->author == "anna");
  CHECK(read_resume(Json::parse(R"({"check": "web", "target": "192.0.2.1"})"), diagnostics).has_value());
  CHECK(complaints(read_resume, R"({"site": "fra"})") ==
        ": what is resumed is named by \"check\" and \"target\"\n");
  CHECK(complaints(read_release, R"({"site": "fra", "state": "up"})") == "/state: unknown key \"state\"\n");
}
