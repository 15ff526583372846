// SPDX-License-Identifier: Apache-2.0
#include "server/cli/probe_loss.h"

#include "tests/server/steering/world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

TEST_CASE("a loss is a percentage or a share") {
  CHECK(parse_loss("1%") == 0.01);
  CHECK(parse_loss("0.5%") == 0.005);
  CHECK(parse_loss("0.25") == 0.25);
  CHECK(parse_loss("0") == 0.0);
  for (const char* wrong : {"", "%", "1 %", "one", "1%%", "100%", "-1%", "nan", "1"}) {
    INFO(wrong);
    CHECK_FALSE(parse_loss(wrong).has_value());
  }
  CHECK(parse_loss("2 percent").error().message == "\"2 percent\" is not a share such as 1% or 0.01");
  CHECK(parse_loss("100%").error().message == "\"100%\" is outside 0% to 99%");
}

TEST_CASE("every check in use is told of, a shared target once, and all are summed") {
  const auto web = tcp_check("web", 80);
  const std::vector<Pool> pools{pool("a", {"192.0.2.1", "192.0.2.2"}, {web}), pool("b", {"192.0.2.2"}, {web}),
                                pool("c", {"192.0.2.3"}, {tcp_check("api", 81)})};
  CHECK(false_down_report(pools, 0.01) ==
        "with 1% of all probes lost at random, a healthy target would be taken down:\n"
        "  api: every 23.3 days, by 3 losses in a row; its 1 target together 16 times a year\n"
        "  web: every 23.3 days, by 3 losses in a row; its 2 targets together 31 times a year\n"
        "  all checks: 47 times a year\n");
  CHECK(false_down_report(pools, 0) ==
        "with 0% of all probes lost at random, a healthy target would be taken down:\n"
        "  api: never, by 3 losses in a row; its 1 target together 0 times a year\n"
        "  web: never, by 3 losses in a row; its 2 targets together 0 times a year\n"
        "  all checks: 0 times a year\n");
}
