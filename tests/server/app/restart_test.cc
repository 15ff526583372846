// SPDX-License-Identifier: Apache-2.0
#include "server/app/restart.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

Config config(const std::string& options) {
  Diagnostics d;
  const auto read = read_config(R"({"zones": "z", )" + options + "}", "gslbd.json", d);
  REQUIRE(d.all().empty());
  return *read;
}

using Keys = std::vector<std::string_view>;

}  // namespace

TEST_CASE("sockets, threads and TCP limits wait for a restart") {
  const Config now = config(R"("listen": ["127.0.0.1:53"])");
  CHECK(waiting_for_restart(now, now).empty());
  CHECK(waiting_for_restart(now, config(R"("listen": ["127.0.0.1:53", "[::1]:53"])")) == Keys{"listen"});
  CHECK(waiting_for_restart(now, config(R"("listen": [{"address": "127.0.0.1:53", "proxy_from": "::1"}])")) ==
        Keys{"listen"});
  CHECK(
      waiting_for_restart(now, config(R"("listen": ["127.0.0.1:53"], "workers": 3, "admin": {"listen": false},
                                           "tcp": {"max_connections": 7})")) ==
      Keys{"tcp", "workers", "admin"});
}

TEST_CASE("who may ask, and what is told, does not wait") {
  const Config now = config(R"("listen": ["127.0.0.1:53"])");
  CHECK(waiting_for_restart(now, config(R"("listen": [{"address": "127.0.0.1:53", "deny": "10.0.0.0/8"}],
                                           "udp_payload": 512, "nsid": "x", "cookies": false)"))
            .empty());
}
