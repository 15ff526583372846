// SPDX-License-Identifier: Apache-2.0
// gslbd_hostile: hostile UDP and TCP at a server on loopback, and a client with manners that watches. Prints
// one JSON object; tests/soak/hostile.py starts it, knows the zone, and judges.
//
//   gslbd_hostile --server 127.0.0.1:5300 [--packets N] [--connections N] [--at-a-time N] [--window N]
//   [--seed N]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "tests/soak/good_client.h"
#include "tests/soak/tcp_abuse.h"
#include "tests/soak/udp_flood.h"

using namespace gslbd;
using namespace gslbd::soak;

namespace {

// What tests/soak/hostile.py serves.
const std::vector<std::string_view> kNames = {
    "good.soak.test",   "soak.test",      "pool.soak.test", "weighted.soak.test", "empty.soak.test",
    "broken.soak.test", "long.soak.test", "a.w.soak.test",  "c1.soak.test",       "loop1.soak.test",
    "x.sub.soak.test",  "ent.soak.test",  "x.d.soak.test",  "mx.soak.test",       "srv.soak.test",
    "svc.soak.test",    "other.test",     "version.bind"};

std::string of(Tally& tally) {
  auto& l = tally.latency_us;
  std::sort(l.begin(), l.end());
  const auto at = [&](double share) {
    return l.empty() ? 0 : l[static_cast<std::size_t>(share * static_cast<double>(l.size() - 1))];
  };
  return fmt::format(
      R"({{"right": {}, "wrong": {}, "lost": {}, "again": {}, "median_us": {}, "p99_us": {}, "worst_us": {}}})",
      tally.right, tally.wrong, tally.lost, tally.again, at(0.5), at(0.99), at(1));
}

void print(const UdpFloodResult& udp, const TcpAbuseResult& tcp, GoodClientResult& good) {
  std::string misdeeds;
  for (std::size_t i = 0; i < kMisdeedNames.size(); ++i) {
    misdeeds += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", kMisdeedNames[i], tcp.by_misdeed[i]);
  }
  fmt::print(R"({{"udp": {{"sent": {}, "refused": {}, "waits": {}, "waits_in_vain": {}, "seconds": {:.2f}}},
 "tcp": {{"opened": {}, "refused": {}, "closed_by_server": {}, "outstayed": {}, "seconds": {:.2f}, "misdeeds": {{{}}}}},
 "good": {{"udp": {},
          "tcp_kept": {},
          "tcp_fresh": {}, "first_complaint": "{}"}}}}
)",
             udp.sent.load(), udp.refused, udp.waits, udp.waits_in_vain, udp.seconds, tcp.opened.load(),
             tcp.refused, tcp.closed_by_server, tcp.outstayed, tcp.seconds, misdeeds, of(good.udp),
             of(good.tcp_kept), of(good.tcp_fresh), good.first_complaint);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Hostile traffic for a name server on loopback");
  std::string server;
  std::uint64_t seed = 1;
  UdpFloodOptions udp;
  TcpAbuseOptions tcp;
  app.add_option("--server", server)->required();
  app.add_option("--packets", udp.packets);
  app.add_option("--connections", tcp.connections);
  app.add_option("--at-a-time", tcp.at_a_time);
  app.add_option("--window", udp.window);
  app.add_option("--seed", seed);
  CLI11_PARSE(app, argc, argv);
  const auto endpoint = Endpoint::parse(server);
  if (!endpoint || !endpoint->address.is_v4()) {
    fmt::print(stderr, "gslbd_hostile: --server wants an IPv4 address and a port\n");
    return 2;
  }
  udp.server = tcp.server = *endpoint;
  udp.names = tcp.names = kNames;
  udp.seed = seed;
  tcp.seed = seed + 1000;
  tcp.long_answer = "long.soak.test";

  UdpFloodResult udp_result;
  TcpAbuseResult tcp_result;
  GoodClientResult good_result;
  std::atomic<bool> stop = false;
  std::thread good([&] {
    run_good_client({*endpoint, kNames.front(), *Address::parse("192.0.2.77")}, stop, good_result);
  });
  std::thread abuse([&] { run_tcp_abuse(tcp, tcp_result); });
  run_udp_flood(udp, udp_result);
  abuse.join();
  stop = true;
  good.join();
  print(udp_result, tcp_result, good_result);
  return 0;
}
