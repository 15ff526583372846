// SPDX-License-Identifier: Apache-2.0
// TCP over real sockets: framing (RFC 1035 §4.2.2), pipelining (RFC 7766), and clients that misbehave.

#include "server/net/tcp.h"

#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::Client;
using testing::eventually;
using testing::framed;
using testing::start_pool;

WorkerOptions with_idle_timeout(int ms) {
  WorkerOptions options;
  options.tcp.idle_timeout = std::chrono::milliseconds(ms);
  return options;
}

TEST_CASE("a query over TCP is answered, on IPv4 and IPv6", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0"), at("[::1]:0")});
  const std::string expected[] = {"tcp 127.0.0.1", "tcp ::1"};
  for (std::size_t i = 0; i < 2; ++i) {
    const Client client = Client::tcp(pool.endpoints()[i]);
    client.send(framed("A"));
    CHECK(client.receive_message() == expected[i]);
    client.send(framed("E twice"));
    CHECK(client.receive_message() == "E twice");
  }
  CHECK(pool.totals().queries[1][0] == 2);
  CHECK(pool.totals().queries[1][1] == 2);
  CHECK(pool.totals().tcp_accepted == 2);
}

TEST_CASE("pipelined queries are answered in their order, also those without an answer", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  std::string all;
  for (int i = 0; i < 5000; ++i) all += framed((i % 7 == 0 ? "N" : "E") + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 5000; ++i) {
    if (i % 7 != 0) REQUIRE(client.receive_message() == "E" + std::to_string(i));
  }
}

TEST_CASE("a query may come octet by octet, its length too", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  for (const char octet : framed("E slowly") + framed("E again")) client.send(std::string_view(&octet, 1));
  CHECK(client.receive_message() == "E slowly");
  CHECK(client.receive_message() == "E again");
}

TEST_CASE("the largest query and response pass", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  const std::string largest = "E" + std::string(kMaxMessageSize - 1, 'x');
  client.send(framed("E before") + framed(largest) + framed("E after"));
  CHECK(client.receive_message() == "E before");
  CHECK(client.receive_message() == largest);
  CHECK(client.receive_message() == "E after");
}

TEST_CASE("what was asked before the client finished sending is answered, then the connection ends",
          "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("E last"));
  client.finish_sending();
  CHECK(client.receive_message() == "E last");
  CHECK(client.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::peer) == 1);
  CHECK(pool.totals().tcp_open() == 0);
}

TEST_CASE("a message of length 0 ends the connection, after the answers before it", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("E before") + framed(""));
  CHECK(client.receive_message() == "E before");
  CHECK(client.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::malformed) == 1);
}

TEST_CASE("a connection without a complete query is closed when the idle timeout is over", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(30));
  const Client silent = Client::tcp(pool.endpoints()[0]);
  const Client dribbling = Client::tcp(pool.endpoints()[0]);
  dribbling.send(framed("E unfinished").substr(0, 5));
  CHECK(silent.receive() == "<closed>");
  CHECK(dribbling.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::idle) == 2);
  const Client next = Client::tcp(pool.endpoints()[0]);
  next.send(framed("E still here"));
  CHECK(next.receive_message() == "E still here");
}

TEST_CASE("a client that does not read is cut off, and others do not notice", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(300));
  const Client slow = Client::tcp(pool.endpoints()[0], 4096);
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += framed("B60000");
  slow.send(flood);  // 30 MB of responses, far more than the kernel buffers
  const Client other = Client::tcp(pool.endpoints()[0]);
  other.send(framed("E meanwhile"));
  CHECK(other.receive_message() == "E meanwhile");
  CHECK(slow.wait_for_reset());
  CHECK(pool.totals().closed_of(TcpClose::slow_reader) == 1);
  CHECK(pool.totals().queries[1][0] < 500);  // it stopped answering when the client stopped reading
}

TEST_CASE("a client that reads late gets everything, in order", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0], 4096);
  std::string all;
  for (int i = 0; i < 400; ++i) all += framed("B" + std::to_string(50'000 + i));
  client.send(all);
  client.finish_sending();
  for (std::size_t i = 0; i < 400; ++i) REQUIRE(client.receive_message().size() == 50'000 + i);
  CHECK(client.receive() == "<closed>");
}

TEST_CASE("at the limit the connection idle for longest makes room", "[net]") {
  WorkerOptions options;
  options.tcp.max_connections = 2;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client first = Client::tcp(pool.endpoints()[0]);
  first.send(framed("E 1"));
  CHECK(first.receive_message() == "E 1");
  const Client second = Client::tcp(pool.endpoints()[0]);
  second.send(framed("E 2"));
  CHECK(second.receive_message() == "E 2");
  first.send(framed("E 3"));  // now the second is the idle one
  CHECK(first.receive_message() == "E 3");
  const Client third = Client::tcp(pool.endpoints()[0]);
  CHECK(second.receive() == "<closed>");
  third.send(framed("E 4"));
  CHECK(third.receive_message() == "E 4");
  first.send(framed("E 5"));
  CHECK(first.receive_message() == "E 5");
  CHECK(pool.totals().closed_of(TcpClose::limit) == 1);
  CHECK(pool.totals().tcp_open() == 2);
}

TEST_CASE("hundreds of connections at once are served, and their places used again", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 2);
  for (int round = 0; round < 3; ++round) {
    std::vector<Client> clients;
    for (int i = 0; i < 300; ++i) clients.push_back(Client::tcp(pool.endpoints()[0]));
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(framed("E" + std::to_string(i)));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      REQUIRE(clients[i].receive_message() == "E" + std::to_string(i));
    }
  }
  CHECK(eventually([&] { return pool.totals().tcp_open() == 0; }));
  CHECK(pool.totals().tcp_accepted == 900);
}

}  // namespace
}  // namespace gslbd::server
