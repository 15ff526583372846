// SPDX-License-Identifier: Apache-2.0
// UDP over real sockets: batches, drops, and replies from the address that was asked.

#include "server/net/udp.h"

#include <set>

#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::behind;
using testing::Client;
using testing::CommandHandler;
using testing::eventually;
using testing::proxy_header;
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
  UdpServer server(listeners->by_worker[0][0], handler, counters);
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

// A datagram "E from <port>" from 127.0.0.1 and any port. False where raw sockets are not for us.
bool send_from(std::uint16_t port, const Endpoint& server) {
  const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!raw) return false;
  sockaddr_storage sa;
  const socklen_t length = server.to_sockaddr(sa);
  std::string datagram;
  const std::string query = "E from " + std::to_string(port);
  for (const std::size_t field :
       {std::size_t{port}, std::size_t{server.port}, 8 + query.size(), std::size_t{0}}) {
    datagram += static_cast<char>(field >> 8);
    datagram += static_cast<char>(field & 0xff);
  }
  datagram += query;
  return ::sendto(raw.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&sa),
                  length) == static_cast<ssize_t>(datagram.size());
}

TEST_CASE("ports that nobody asks from get no answer, and do not take the batch with them", "[net]") {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0"}) {
    const auto endpoint = at(address);
    const auto listeners = open_listeners(std::span(&endpoint, 1), 1);
    REQUIRE(listeners);
    const Endpoint server_at{at("127.0.0.1:0").address, listeners->endpoints[0].port};
    CommandHandler handler;
    NetCounters counters;
    UdpServer server(listeners->by_worker[0][0], handler, counters);
    const Client client = Client::udp(server_at);
    client.send("E before");
    // Port 0, what answers anything, and the server itself.
    for (const std::uint16_t port :
         {std::uint16_t{0}, std::uint16_t{7}, std::uint16_t{13}, std::uint16_t{17}, std::uint16_t{19},
          std::uint16_t{37}, std::uint16_t{464}, server_at.port}) {
      if (!send_from(port, server_at)) {
        WARN("skipped: needs a raw socket");
        return;
      }
    }
    client.send("E after");
    server.serve_batch();
    CHECK(client.receive() == "E before");
    CHECK(client.receive() == "E after");
    CHECK(counters.drops_of(UdpDrop::bad_source).value() == 8);
  }
}

TEST_CASE("other ports below 1024, 53 above all, are answered, and our own port of another host", "[net]") {
  const auto endpoint = at("127.0.0.1:0");
  const auto listeners = open_listeners(std::span(&endpoint, 1), 1);
  REQUIRE(listeners);
  CommandHandler handler;
  NetCounters counters;
  UdpServer server(listeners->by_worker[0][0], handler, counters);
  const Endpoint same_port{Address::parse("127.0.0.9").value(), listeners->endpoints[0].port};
  const Client other_host = Client::from(same_port, listeners->endpoints[0], SOCK_DGRAM);
  other_host.send("E other host");
  if (!send_from(53, listeners->endpoints[0])) WARN("skipped in part: needs a raw socket");
  server.serve_batch();
  CHECK(other_host.receive() == "E other host");
  CHECK(counters.drops_of(UdpDrop::bad_source).value() == 0);
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

TEST_CASE("queries know which listener they came to", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0"), at("[::1]:0"), at("127.0.0.2:0")});
  for (std::size_t i = 0; i < 3; ++i) {
    const Client client = Client::udp(pool.endpoints()[i]);
    client.send("L");
    CHECK(client.receive() == std::to_string(i));
  }
}

TEST_CASE("a proxy's datagrams are its clients', and the answers go back to it", "[net]") {
  const WorkerPool pool = start_pool(
      {behind("127.0.0.2/32", "127.0.0.1:0"), behind("::1", "[::1]:0"), behind("127.0.0.2/32", "0.0.0.0:0")});
  for (const std::size_t listener : {0U, 1U, 2U}) {
    const Endpoint server{listener == 1 ? at("[::1]:0").address : at("127.0.0.1:0").address,
                          pool.endpoints()[listener].port};
    const Client proxy = Client::from(listener == 1 ? at("[::1]:0") : at("127.0.0.2:0"), server, SOCK_DGRAM);
    for (const char* client : {"192.0.2.7:53001", "[2001:db8::7]:53001"}) {
      proxy.send(proxy_header(at(client), Transport::udp) + "A");
      CHECK(proxy.receive() == "udp " + at(client).address.to_string());
    }
    proxy.send(testing::proxy_header_of(0x20, 0, "") + "A");
    CHECK(proxy.receive() == (listener == 1 ? "udp ::1" : "udp 127.0.0.2"));
  }
  CHECK(pool.totals().queries[0][0] == 5);
  CHECK(pool.totals().queries[0][1] == 4);
}

TEST_CASE("a proxy is not heard without a header, and nobody else with one", "[net]") {
  const WorkerPool pool = start_pool({behind("127.0.0.2/32", "127.0.0.1:0")});
  const Client proxy = Client::from(at("127.0.0.2:0"), pool.endpoints()[0], SOCK_DGRAM);
  const std::string header = proxy_header(at("192.0.2.7:1"), Transport::udp);
  proxy.send("E naked");
  proxy.send(header.substr(0, header.size() - 1));
  proxy.send(proxy_header(at("192.0.2.7:1"), Transport::tcp) + "A");
  REQUIRE(::send(proxy.fd(), "", 0, 0) == 0);
  proxy.send(header + "A");
  CHECK(proxy.receive() == "udp 192.0.2.7");
  CHECK(pool.totals().drops_of(UdpDrop::proxy_header) == 4);
  const Client other = Client::udp(pool.endpoints()[0]);
  other.send("A");
  CHECK(other.receive() == "udp 127.0.0.1");
  other.send(header + "A");  // begins with no command the handler knows
  other.send("E after");
  CHECK(other.receive() == "E after");
  CHECK(pool.totals().drops_of(UdpDrop::proxy_header) == 4);
}

}  // namespace
}  // namespace gslbd::server
