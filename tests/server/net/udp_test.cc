// SPDX-License-Identifier: Apache-2.0
// UDP over real sockets: batches, drops, and replies from the address that was asked.

#include "server/net/udp.h"

#include <set>

#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::Client;
using testing::CommandHandler;
using testing::eventually;
using testing::start_pool;

TEST_CASE("a query over UDP is answered, on IPv4 and IPv6", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0"), at("[::1]:0")});
  const std::string expected[] = {"udp 127.0.0.1", "udp ::1"};
  for (std::size_t i = 0; i < 2; ++i) {
    const Client client = Client::udp(pool.endpoints()[i]);
    client.send("A");
    CHECK(client.receive() == expected[i]);
  }
  const NetTotals totals = pool.totals();
  CHECK(totals.queries[0][0] == 1);
  CHECK(totals.queries[0][1] == 1);
  CHECK(totals.queries[1][0] == 0);
}

TEST_CASE("more queries than a batch holds are all answered, each with its own answer", "[net]") {
  // Without a thread: the queries wait in the socket, so the batches are full.
  const auto endpoint = at("127.0.0.1:0");
  const auto listeners = open_listeners(std::span(&endpoint, 1), 1);
  REQUIRE(listeners);
  CommandHandler handler;
  NetCounters counters;
  UdpServer server(listeners->by_worker[0][0].udp.get(), endpoint.address, handler, counters);
  const Client client = Client::udp(listeners->endpoints[0]);
  std::set<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    // Every third gets no answer: the answers then do not lie where their queries do.
    const std::string query = (i % 3 == 0 ? "N" : "E") + std::to_string(i) + std::string(std::size_t(i), '.');
    if (i % 3 != 0) expected.insert(query);
    client.send(query);
  }
  CHECK(server.serve_batch());
  CHECK(server.serve_batch());
  CHECK(server.serve_batch());
  CHECK_FALSE(server.serve_batch());  // the last four
  CHECK_FALSE(server.serve_batch());  // nothing
  CHECK(counters.queries_of(Transport::udp, Family::v4).value() == 100);
  std::set<std::string> answers;
  for (std::size_t i = 0; i < expected.size(); ++i) answers.insert(client.receive());
  CHECK(answers == expected);
}

TEST_CASE("a query longer than the buffer is dropped and counted, its neighbours are not", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::udp(pool.endpoints()[0]);
  client.send(std::string(kMaxUdpQuerySize + 1, 'E'));
  client.send("E after");
  CHECK(client.receive() == "E after");
  client.send(std::string(kMaxUdpQuerySize, 'E'));
  CHECK(client.receive().size() == kMaxUdpQuerySize);
  CHECK(pool.totals().drops_of(UdpDrop::oversize) == 1);
}

// A datagram from UDP port 0, which nobody can answer. False where raw sockets are not for us.
bool send_from_port_0(const Endpoint& server) {
  const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!raw) return false;
  sockaddr_storage sa;
  const socklen_t length = server.to_sockaddr(sa);
  const std::uint8_t datagram[] = {
      0, 0,  static_cast<std::uint8_t>(server.port >> 8), static_cast<std::uint8_t>(server.port), 0, 9, 0,
      0, 'E'};
  return ::sendto(raw.get(), datagram, sizeof datagram, 0, reinterpret_cast<const sockaddr*>(&sa), length) ==
         sizeof datagram;
}

TEST_CASE("a response the kernel refuses is counted and does not take the batch with it", "[net]") {
  const auto endpoint = at("127.0.0.1:0");
  const auto listeners = open_listeners(std::span(&endpoint, 1), 1);
  REQUIRE(listeners);
  CommandHandler handler;
  NetCounters counters;
  UdpServer server(listeners->by_worker[0][0].udp.get(), endpoint.address, handler, counters);
  const Client client = Client::udp(listeners->endpoints[0]);
  client.send("E before");
  if (!send_from_port_0(listeners->endpoints[0])) {
    WARN("skipped: needs a raw socket");
    return;
  }
  client.send("E after");
  server.serve_batch();
  CHECK(client.receive() == "E before");
  CHECK(client.receive() == "E after");
  CHECK(counters.drops_of(UdpDrop::send_error).value() == 1);
}

TEST_CASE("on a wildcard address the reply comes from the address that was asked", "[net]") {
  const WorkerPool pool = start_pool({at("0.0.0.0:0"), at("[::]:0")});
  // A connected UDP socket only hears the address it is connected to.
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.9.8.7"}) {
    const Client client = Client::udp({Address::parse(address).value(), pool.endpoints()[0].port});
    for (int i = 0; i < 3; ++i) {
      client.send("E from " + std::string(address));
      CHECK(client.receive() == "E from " + std::string(address));
    }
  }
  const Client client = Client::udp({Address::parse("::1").value(), pool.endpoints()[1].port});
  client.send("A");
  CHECK(client.receive() == "udp ::1");
}

TEST_CASE("several workers share one port and answer all", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 3);
  for (int i = 0; i < 50; ++i) {
    const Client client = Client::udp(pool.endpoints()[0]);
    client.send("E" + std::to_string(i));
    CHECK(client.receive() == "E" + std::to_string(i));
  }
  CHECK(pool.totals().queries[0][0] == 50);
}

}  // namespace
}  // namespace gslbd::server
