// SPDX-License-Identifier: Apache-2.0
// What the options about answers, listeners and TCP are read as. What is said about mistakes in them is in
// the golden files.

#include "server/config/answer_config.h"

#include <sys/stat.h>

#include "server/config/loader.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

using Kind = Disclosure::Kind;

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";

Config read(const std::string& options) {
  Diagnostics d;
  const auto config =
      read_config(R"({"listen": ["127.0.0.1:0"], "zones": "z")" + options + "}", "gslbd.json", d);
  for (const auto& each : d.all()) FAIL_CHECK(each.to_string());
  REQUIRE(config);
  return *config;
}

// A loadable configuration that has its cookies' secrets in the file "keys".
struct WithSecrets {
  explicit WithSecrets(const std::string& secrets, mode_t mode = 0640) {
    files.write("z", R"({"zone": "a.test", "records": {"@": {"NS": ["ns.b.", "ns.c."]}}})");
    files.write("gslbd.json",
                R"({"listen": ["127.0.0.1:0"], "zones": "z", "cookies": {"secret_file": "keys"}})");
    files.write("keys", secrets);
    chmod((files.path() / "keys").c_str(), mode);
  }
  std::optional<Loaded> load() {
    diagnostics = {};
    return server::load(files.config(), nullptr, diagnostics);
  }
  Files files;
  Diagnostics diagnostics;
};

}  // namespace

TEST_CASE("what is not said about answers has its default") {
  const Config config = read("");
  CHECK(config.answers.udp_payload == 1232);
  CHECK(config.answers.additional);
  CHECK(config.answers.cookies.on);
  CHECK_FALSE(config.answers.rate_limit);
  CHECK_FALSE(config.answers.report_agent);
  CHECK(config.other_files().empty());
  CHECK(config.tcp == TcpOptions{});
}

TEST_CASE("NSID is nothing, the identity, a text, or octets") {
  CHECK(read("").answers.nsid.kind == Kind::unsaid);
  CHECK(read(R"(, "nsid": true)").answers.nsid.kind == Kind::own);
  CHECK(read(R"(, "nsid": false)").answers.nsid.kind == Kind::nothing);
  CHECK(read(R"(, "nsid": "fra 1")").answers.nsid.text == "fra 1");
  CHECK(read(R"(, "nsid": "0x00fFa1")").answers.nsid.text == std::string("\x00\xff\xa1", 3));
  CHECK(read(R"(, "nsid": ")" + std::string(128, 'a') + "\"").answers.nsid.text.size() == 128);
}

TEST_CASE("each CHAOS name is told on its own, or none") {
  const auto some = read(R"(, "chaos": {"version.bind": "none of yours", "id.server": false})").answers.chaos;
  CHECK(some.version_bind.text == "none of yours");
  CHECK(some.version_server.kind == Kind::unsaid);
  CHECK(some.id_server.kind == Kind::nothing);
  const auto none = read(R"(, "chaos": false)").answers.chaos;
  for (const auto& each : {none.version_bind, none.version_server, none.hostname_bind, none.id_server}) {
    CHECK(each.kind == Kind::nothing);
  }
}

TEST_CASE("what is unsaid is told by default or not, and an own text always") {
  CHECK(Disclosure{}.resolve("me", true) == "me");
  CHECK(Disclosure{}.resolve("me", false).empty());
  CHECK(Disclosure{Kind::own, {}}.resolve("me", false) == "me");
  CHECK(Disclosure{Kind::nothing, {}}.resolve("me", true).empty());
  CHECK(Disclosure{Kind::text, "it"}.resolve("me", false) == "it");
}

TEST_CASE("a listener is an address, or an object with its rules") {
  Diagnostics d;
  const auto config = read_config(R"({"zones": "z", "listen": ["[::1]:53", {"address": "192.0.2.1:53",
      "allow": ["10.0.0.0/8", "192.0.2.7"], "deny": "10.1.0.0/16", "proxy_from": ["2001:db8::/64"]}]})",
                                  "gslbd.json", d);
  REQUIRE(d.all().empty());
  REQUIRE(config->listen.size() == 2);
  CHECK(config->listen[0] == ListenConfig{*Endpoint::parse("[::1]:53"), {}, {}});
  const ListenConfig& second = config->listen[1];
  CHECK(second.proxy_from == std::vector{*Prefix::parse("2001:db8::/64")});
  const AccessList access = second.access.list();
  CHECK(access.admits(*Address::parse("10.2.0.1")));
  CHECK_FALSE(access.admits(*Address::parse("10.1.0.1")));
  CHECK(access.admits(*Address::parse("192.0.2.7")));
  CHECK_FALSE(access.admits(*Address::parse("192.0.2.8")));
  CHECK_FALSE(access.admits(*Address::parse("::1")));
}

TEST_CASE("a zone's access list comes with the zone, and none when everybody may ask") {
  Files files;
  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": "*.zone"})");
  files.write("a.zone",
              R"({"zone": "a.test", "deny": ["192.0.2.0/24"], "records": {"@": {"NS": ["b.", "c."]}}})");
  files.write("b.zone", R"({"zone": "b.test", "records": {"@": {"NS": ["b.", "c."]}}})");
  Diagnostics d;
  const auto loaded = load(files.config(), nullptr, d);
  REQUIRE(loaded);
  REQUIRE(loaded->zones[0].source->access != nullptr);
  CHECK_FALSE(loaded->zones[0].source->access->admits(*Address::parse("192.0.2.1")));
  CHECK(loaded->zones[0].source->access->admits(*Address::parse("192.0.3.1")));
  CHECK(loaded->zones[1].source->access == nullptr);
}

TEST_CASE("cookie secrets come from their file, which is watched like the others") {
  WithSecrets with(std::string(kSecret) + "\n");
  const auto loaded = with.load();
  REQUIRE(loaded);
  CHECK(with.diagnostics.all().empty());
  REQUIRE(loaded->cookie_secrets);
  CHECK(*loaded->cookie_secrets == *CookieSecrets::parse(kSecret, "keys"));
  CHECK(loaded->config.other_files() == std::vector{(with.files.path() / "keys").string()});
}

TEST_CASE("secrets that everybody may read are warned of, and used") {
  WithSecrets with(kSecret, 0644);
  REQUIRE(with.load());
  REQUIRE(with.diagnostics.all().size() == 1);
  CHECK_THAT(with.diagnostics.all()[0].to_string(),
             Catch::Contains("warning: ") && Catch::Contains("chmod o="));
}

TEST_CASE("a bad file of secrets is an error at its line that does not tell the secret") {
  WithSecrets with("# shared\n\n" + std::string(kSecret) + "0\n");
  CHECK_FALSE(with.load());
  REQUIRE(with.diagnostics.all().size() == 1);
  const std::string message = with.diagnostics.all()[0].to_string();
  CHECK_THAT(message, Catch::Contains("/cookies/secret_file: ") && Catch::Contains("keys:3: "));
  CHECK_THAT(message, !Catch::Contains(std::string(kSecret).substr(0, 8)));

  std::filesystem::remove(with.files.path() / "keys");
  CHECK_FALSE(with.load());
  CHECK_THAT(with.diagnostics.all().at(0).to_string(), Catch::Contains("keys: cannot read: No such file"));
}

TEST_CASE("reports that our own zone answers, or that go elsewhere, are not warned of") {
  Files files;
  files.write("a.zone", R"({"zone": "a.test", "records": {"@": {"NS": ["b.", "c."]},
      "*._er.errors": {"TXT": "thanks"}, "sub": {"NS": ["b.", "c."]}}})");
  for (const char* agent : {"errors.a.test", "sub.a.test", "x.sub.a.test.", "errors.example.net"}) {
    files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": "a.zone", "report_agent": ")" +
                                  std::string(agent) + "\"}");
    Diagnostics d;
    CHECK(load(files.config(), nullptr, d));
    for (const auto& each : d.all()) FAIL_CHECK(each.to_string());
  }
}
