// SPDX-License-Identifier: Apache-2.0
#include "server/config/combined_check.h"

#include <fmt/format.h>

#include "server/config/loader.h"
#include "server/steering/steering.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

constexpr const char* kProbes =
    R"("web": {"type": "tcp", "port": 80}, "api": {"type": "tcp", "port": 81}, "ssh": {"type": "tcp", "port": 22})";

// Loads a configuration of one pool with that rule over web, api, ssh and `combined`; the first message goes
// to `message`.
std::optional<Loaded> load_with(const std::string& combined, const std::string& alive, std::string& message) {
  Files files;
  files.write("z.json", R"({"zone": "a.test", "records": {"@": {"NS": ["ns.b.", "ns.c."]}}})");
  files.write("gslbd.json", fmt::format(R"({{"listen": ["127.0.0.1:0"], "zones": ["z.json"],
    "checks": {{{}{}}}, "pools": {{"p": {{"alive": {}, "members": [{{"address": "192.0.2.1"}}]}}}}}})",
                                        kProbes, combined.empty() ? "" : ", " + combined, alive));
  Diagnostics d;
  auto loaded = load(files.config(), nullptr, d);
  message.clear();
  if (!d.all().empty()) {
    message = d.all()[0].to_string();
    message.erase(
        0, message.find("/checks") != std::string::npos ? message.find("/checks") : message.find("/pools"));
  }
  return loaded;
}

// A rule as text: its leaves by name.
std::string text(const Pool& pool, const AliveRule& rule) {
  if (rule.kind == AliveRule::Kind::check) return pool.checks[rule.check]->name;
  std::string out = rule.name.empty() ? "" : rule.name + "=";
  out += rule.kind == AliveRule::Kind::all       ? "all("
         : rule.kind == AliveRule::Kind::any     ? "any("
         : rule.kind == AliveRule::Kind::negated ? "not("
                                                 : fmt::format("at_least {}(", rule.at_least);
  for (const AliveRule& part : rule.of) out += text(pool, part) + " ";
  out.back() = ')';
  return out;
}

std::string rule_of(const std::string& combined, const std::string& alive) {
  std::string message;
  const auto loaded = load_with(combined, alive, message);
  INFO(message);
  REQUIRE(loaded.has_value());
  return text((*loaded->pools)[0], *(*loaded->pools)[0].alive);
}

std::string complaint(const std::string& combined, const std::string& alive) {
  std::string message;
  CHECK_FALSE(load_with(combined, alive, message).has_value());
  return message;
}

}  // namespace

TEST_CASE("a combined check stands for its rule wherever a check may stand") {
  CHECK(rule_of(R"("site": {"type": "all", "of": ["api", {"not": "ssh"}]})", R"("site")") ==
        "site=all(api not(ssh))");
  CHECK(rule_of(R"("quiet": {"type": "not", "of": "web"})", R"({"any": ["api", "quiet", "web"]})") ==
        "any(api quiet=not(web) web)");
  CHECK(rule_of(R"("most": {"type": "at_least", "at_least": 2, "of": ["web", "api", "ssh"]})", R"("most")") ==
        "most=at_least 2(web api ssh)");
}

TEST_CASE("combined checks combine each other in whatever order they stand") {
  CHECK(
      rule_of(R"("a": {"type": "any", "of": ["b", "web"]}, "b": {"type": "not", "of": {"all": ["c", "web"]}},
                   "c": {"type": "all", "of": ["ssh"]})",
              R"({"all": ["c", "a"]})") == "all(c=all(ssh) a=any(b=not(all(c=all(ssh) web)) web))");
}

TEST_CASE("they have no targets of their own, and each one's verdict can be told") {
  std::string message;
  const auto loaded =
      load_with(R"("site": {"type": "all", "of": ["web", "quiet"]}, "quiet": {"type": "not", "of": "ssh"})",
                R"({"any": ["site", "api"]})", message);
  REQUIRE(loaded.has_value());
  Steering s(loaded->pools);
  REQUIRE(s.targets().size() == 3);
  std::vector<health::Believed> believed;
  for (std::size_t i = 0; i < 3; ++i) believed.push_back({100 + i, Verdict::up});
  s.bind(believed);
  CHECK(s.combined(0, 0) ==
        std::map<std::string, Verdict>{{"site", Verdict::down}, {"quiet", Verdict::down}});
  CHECK(s.member(0, 0).counts == Verdict::up);
}

TEST_CASE("mistakes in combined checks are told at their place") {
  CHECK(complaint(R"("a": {"type": "all", "of": ["wbe"]})", R"("web")") ==
        R"(/checks/a/of/0: there is no check "wbe"; did you mean "web"?)");
  CHECK(complaint(R"("site": {"type": "all", "of": ["web"]})", R"("sites")") ==
        R"(/pools/p/alive: there is no check "sites"; did you mean "site"?)");
  CHECK(complaint(R"("a": {"type": "all", "of": "web"})", R"("a")") ==
        R"(/checks/a/of: expected a list of rules, at least one, found "web")");
  CHECK(complaint(R"("a": {"type": "not", "of": ["web"]})", R"("a")")
            .starts_with("/checks/a/of: expected the name of a check"));
  CHECK(complaint(R"("a": {"type": "any"})", R"("a")") ==
        R"(/checks/a: the key "of" is missing (list of rules; for not, one rule))");
  CHECK(complaint(R"("a": {"type": "at_least", "of": ["web"]})", R"("a")") ==
        R"(/checks/a: the key "at_least" is missing (how many of the others must pass))");
  CHECK(complaint(R"("a": {"type": "at_least", "of": ["web"], "at_least": 2})", R"("a")") ==
        R"(/checks/a/at_least: 2 is outside 1 to 1)");
  CHECK(complaint(R"("a": {"type": "all", "of": ["web"], "at_least": 1})", R"("a")") ==
        R"(/checks/a/at_least: only a check of type at_least has this)");
  CHECK(complaint(R"("a": {"type": "all", "of": ["web"], "interval": "1s"})", R"("a")") ==
        R"(/checks/a/interval: unknown key "interval")");
}

TEST_CASE("circles are refused") {
  CHECK(complaint(R"("a": {"type": "not", "of": "a"})", R"("web")") ==
        R"(/checks/a/of: the check "a" combines itself over "a")");
  CHECK(complaint(R"("a": {"type": "all", "of": ["b"]}, "b": {"type": "any", "of": ["web", {"not": "a"}]},
                     "c": {"type": "not", "of": "a"})",
                  R"("c")") == R"(/checks/a/of: the check "a" combines itself over "b")");
}

TEST_CASE("rules that double with every step, or go down without end, cost nothing much") {
  std::string doubling = R"("a0": {"type": "all", "of": ["web", "api"]})",
              chain = R"("c0": {"type": "not", "of": "web"})";
  for (int i = 1; i < 30; ++i) {
    doubling += fmt::format(R"(, "a{}": {{"type": "all", "of": ["a{}", "a{}"]}})", i, i - 1, i - 1);
  }
  for (int i = 1; i < 1000; ++i) chain += fmt::format(R"(, "c{}": {{"type": "not", "of": "c{}"}})", i, i - 1);
  CHECK(complaint(doubling, R"("a29")") == "/checks/a12/of/1: with this the rule has more than 10000 parts");
  CHECK(complaint(chain, R"("c999")") == "/checks/c32/of: with this the rule is more than 32 deep");
  std::string nested = "\"web\"";
  for (int i = 0; i < 50; ++i) nested = "{\"not\": " + nested + "}";
  CHECK(complaint("", nested).ends_with("the rule is more than 32 deep"));
}
