// SPDX-License-Identifier: Apache-2.0
// TCP behind a proxy: the PROXY header at the start of each connection.

#include "server/net/tcp.h"

#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::behind;
using testing::Client;
using testing::framed;
using testing::proxy_header;
using testing::start_pool;

TEST_CASE("behind a proxy the client is the one of the header, which may come in pieces", "[net]") {
  const WorkerPool pool = start_pool({behind("127.0.0.0/8", "127.0.0.1:0"), behind("::1", "[::1]:0")});
  for (std::size_t i = 0; i < 2; ++i) {
    for (const char* address : {"192.0.2.7:53001", "[2001:db8::7]:53001"}) {
      const std::string expected = "tcp " + at(address).address.to_string();
      const std::string extension = "\4\4" + std::string(1, '\0') + std::string(0x400, 'x');
      for (const std::string& header : {proxy_header(at(address), Transport::tcp),
                                        proxy_header(at(address), Transport::tcp, extension)}) {
        const Client together = Client::tcp(pool.endpoints()[i]);
        together.send(header + framed("A") + framed("E"));
        CHECK(together.receive_message() == expected);
        CHECK(together.receive_message() == "E");
        const Client slowly = Client::tcp(pool.endpoints()[i]);
        for (const char octet : header + framed("A")) slowly.send(std::string_view(&octet, 1));
        CHECK(slowly.receive_message() == expected);
      }
    }
    const Client local = Client::tcp(pool.endpoints()[i]);
    local.send(testing::proxy_header_of(0x20, 0, "") + framed("A"));
    CHECK(local.receive_message() == (i == 0 ? "tcp 127.0.0.1" : "tcp ::1"));
  }
}

TEST_CASE("a proxy's connection is not heard without a header, and nobody else with one", "[net]") {
  const WorkerPool pool = start_pool({behind("127.0.0.2/32", "127.0.0.1:0")});
  for (const std::string& wrong : {framed("A"), proxy_header(at("192.0.2.7:1"), Transport::udp)}) {
    const Client proxy = Client::from(at("127.0.0.2:0"), pool.endpoints()[0], SOCK_STREAM);
    proxy.send(wrong);
    CHECK(proxy.receive() == "<closed>");
  }
  CHECK(pool.totals().closed_of(TcpClose::proxy_header) == 2);
  const Client other = Client::tcp(pool.endpoints()[0]);
  other.send(framed("A") + proxy_header(at("192.0.2.7:1"), Transport::tcp));
  CHECK(other.receive_message() == "tcp 127.0.0.1");
  CHECK(pool.totals().closed_of(TcpClose::proxy_header) == 2);
}

TEST_CASE("the limit for one client holds for the proxy's clients, not for the proxy", "[net]") {
  WorkerOptions options;
  options.tcp.max_connections_per_client = 2;
  const WorkerPool pool = start_pool({behind("127.0.0.0/8", "127.0.0.1:0")}, 1, options);
  std::vector<Client> connections;
  const auto ask = [&](const std::string& client) {
    connections.push_back(Client::tcp(pool.endpoints()[0]));
    connections.back().send(proxy_header(at(client), Transport::tcp) + framed("A"));
    return connections.back().receive_message();
  };
  for (int i = 1; i <= 5; ++i)
    CHECK(ask("192.0.2." + std::to_string(i) + ":1") == "tcp 192.0.2." + std::to_string(i));
  CHECK(ask("192.0.2.1:2") == "tcp 192.0.2.1");
  CHECK(ask("192.0.2.1:3") == "<reset>");
  CHECK(pool.totals().closed_of(TcpClose::client_limit) == 1);
  CHECK(ask("192.0.2.2:2") == "tcp 192.0.2.2");
}

}  // namespace
}  // namespace gslbd::server
