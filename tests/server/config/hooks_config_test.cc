// SPDX-License-Identifier: Apache-2.0
// What hooks come to when they are read; their mistakes are in golden/hooks.
#include "server/config/hooks_config.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

struct Read {
  std::vector<HookSettings> hooks;
  Diagnostics diagnostics;
};

Read read_mail(const Json& more) {
  Json mail = {{"type", "mail"},
               {"smtp", "smtp://mail.example.com"},
               {"from", "a@example.com"},
               {"to", "b@example.com"}};
  mail.update(more);
  Read out;
  const Json list = Json::array({mail});
  const std::string file = "gslbd.json";
  read_hooks(JsonView(list, file, out.diagnostics), out.hooks);
  REQUIRE_FALSE(out.diagnostics.has_errors());
  REQUIRE(out.hooks.size() == 1);
  return out;
}

}  // namespace

TEST_CASE("a mail hook that logs in sends no password in clear, unless it is told to") {
  using Tls = HookSettings::Tls;
  CHECK(read_mail(Json::object()).hooks[0].tls == Tls::opportunistic);
  CHECK(read_mail({{"user", "u"}}).hooks[0].tls == Tls::required);
  CHECK(read_mail({{"user", "u"}}).diagnostics.all().empty());
  CHECK(read_mail({{"smtp", "SMTP://u:p@mail.example.com"}}).hooks[0].tls == Tls::required);
  for (const char* weak : {"opportunistic", "off"}) {
    const Read told = read_mail({{"user", "u"}, {"tls", weak}});
    CHECK(told.hooks[0].tls == (std::string(weak) == "off" ? Tls::off : Tls::opportunistic));
    REQUIRE(told.diagnostics.all().size() == 1);
    CHECK(told.diagnostics.all()[0].to_string().find("/0/tls") != std::string::npos);
    CHECK(read_mail({{"tls", weak}}).diagnostics.all().empty());
    CHECK(read_mail({{"smtp", "smtps://mail.example.com"}, {"user", "u"}, {"tls", weak}})
              .diagnostics.all()
              .empty());
  }
}
