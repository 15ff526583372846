// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/message.h"

#include "server/hooks/mail_text.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + 12h};

HookMessage message_of(const Entry& entry) {
  Grouping grouping(0s, 1);
  grouping.add(entry, MonotonicTime(1s));
  return *grouping.flush(MonotonicTime(1s));
}

Entry entry(const std::string& kind, const Json& more, const std::string& site = "") {
  Entry e{.at = kNow, .kind = kind, .site = site};
  e.more = more;
  return e;
}

std::string headline_of(const Entry& e) {
  return headline(message_of(e));
}

}  // namespace

TEST_CASE("every kind has its words") {
  CHECK(headline_of(entry("site", {{"to", "down"}}, "fra")) == "site fra is down");
  CHECK(headline_of(entry("pool", {{"pool", "www"}, {"to", "up"}})) == "pool www is up");
  CHECK(headline_of(entry("isolated", {{"detail", "12 of 12 sites"}})) ==
        "this server is cut off: verdicts are frozen: 12 of 12 sites");
  CHECK(headline_of(entry("unwatched", {})) ==
        "the health thread does not run: no site is watched, none is believed dead");
  CHECK(headline_of(entry("isolated", {{"family", "ipv6"}})) ==
        "this server is cut off from IPv6: verdicts are frozen");
  CHECK(headline_of(entry("connected", Json::object())) == "this server is no longer cut off");
  CHECK(headline_of(entry("connected", {{"family", "ipv4"}})) ==
        "this server is no longer cut off from IPv4");
  CHECK(headline_of(entry("forced",
                          {{"action", "forced"}, {"state", "drain"}, {"author", "ann"}, {"reason", "power"}},
                          "fra")) == "site fra: drain by ann: power");
  CHECK(headline_of(entry("forced", {{"action", "released"}, {"state", "drain"}, {"pool", "www"}})) ==
        "pool www: released");
  CHECK(headline_of(entry("reload_failed", {{"messages", {"gslbd.json: /x: unknown key"}}})) ==
        "a reload failed: gslbd.json: /x: unknown key");
  CHECK(headline_of(entry("stop", Json::object())) == "stop");
}

TEST_CASE("what a site says cannot break out of a line or a header") {
  Entry e{.at = kNow, .kind = "verdict", .check = "web", .target = "192.0.2.1", .site = "fra"};
  e.more = {{"from", "up"},
            {"to", "down"},
            {"reason", "body"},
            {"detail", "x\r\nBcc: all@example.com\r\n\r\n\x1b[2J"}};
  const HookMessage message = message_of(e);
  const std::string text = message_text(message, {"ns1", "hook-1"});
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  HookSettings settings;
  settings.from = "gslbd@example.com";
  settings.to = {"ops@example.com", "noc@example.com"};
  const std::string mail = mail_text(settings, message, {"ns1", "hook-1"}, kNow);
  CHECK(mail.find("\nBcc:") == std::string::npos);
  CHECK(mail.find("Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n") == 0);
  CHECK(mail.find("To: ops@example.com,\r\n noc@example.com\r\n") != std::string::npos);
  CHECK(mail.find("Subject: [gslbd ns1] web on 192.0.2.1 at fra is down: body: x  Bcc") != std::string::npos);
  for (std::size_t at = mail.find('\n'); at != std::string::npos; at = mail.find('\n', at + 1)) {
    REQUIRE(mail[at - 1] == '\r');
  }
}

TEST_CASE("headers that are not ASCII are encoded, in words that are short enough and whole") {
  CHECK(encode_header("plain") == "plain");
  CHECK(encode_header("Köln") == "=?utf-8?B?S8O2bG4=?=");
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += "ü";
  const std::string encoded = encode_header(longer);
  std::size_t begin = 0;
  while (begin < encoded.size()) {
    const std::size_t end = std::min(encoded.find("\r\n", begin), encoded.size());
    CHECK(end - begin <= 76);
    begin = end + 2;
  }
  CHECK(encoded.find("\r\n ") != std::string::npos);
}

TEST_CASE("a message in JSON has what a program needs") {
  Entry e{.at = kNow, .kind = "verdict", .check = "web", .target = "192.0.2.1", .site = "fra"};
  e.more = {{"from", "up"}, {"to", "down"}, {"reason", "refused"}};
  const Json json = message_json(message_of(e), {"ns1", "hook-1-2"});
  CHECK(json["id"] == "hook-1-2");
  CHECK(json["server"] == "ns1");
  CHECK(json["events"] == 1);
  CHECK(json["groups"][0]["kind"] == "verdict");
  CHECK(json["groups"][0]["site"] == "fra");
  CHECK(json["groups"][0]["to"] == "down");
  CHECK(json["groups"][0]["reasons"]["refused"] == 1);
  CHECK(json["groups"][0]["first"][0]["target"] == "192.0.2.1");
  CHECK_FALSE(json["groups"][0]["first"][0].contains("seq"));
}

TEST_CASE("a message tells the address families apart") {
  Grouping grouping(0s, 1);
  grouping.add(entry("isolated", {{"family", "ipv4"}}), MonotonicTime(1s));
  grouping.add(entry("isolated", {{"family", "ipv6"}}), MonotonicTime(1s));
  const Json json = message_json(*grouping.flush(MonotonicTime(1s)), {"ns1", "hook-1"});
  REQUIRE(json["groups"].size() == 2);
  CHECK(json["groups"][0]["family"] == "ipv4");
  CHECK(json["groups"][1]["family"] == "ipv6");
  CHECK_FALSE(json["groups"][0].contains("to"));
}
