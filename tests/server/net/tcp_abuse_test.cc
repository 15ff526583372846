// SPDX-License-Identifier: Apache-2.0
// TCP clients that want too much, ask nothing, or do not read: what they may cost, and that others do not
// notice.

#include "server/net/tcp.h"

#include <atomic>

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

TEST_CASE("a connection without a further query is closed in good order when it has idled long enough",
          "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(500));
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("E once"));
  CHECK(client.receive_message() == "E once");
  CHECK(client.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::idle) == 1);
}

TEST_CASE("an idle timeout below the first query's holds for that too", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(500));
  const Client silent = Client::tcp(pool.endpoints()[0]);
  const Client dribbling = Client::tcp(pool.endpoints()[0]);
  dribbling.send(framed("E unfinished").substr(0, 5));
  CHECK(silent.receive() == "<closed>");
  CHECK(dribbling.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::first_query) == 2);
  const Client next = Client::tcp(pool.endpoints()[0]);
  next.send(framed("E still here"));
  CHECK(next.receive_message() == "E still here");
}

TEST_CASE("a client that does not read is cut off, and others do not notice", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(500));
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

TEST_CASE("at the limit the connection idle for longest makes room", "[net]") {
  WorkerOptions options = with_idle_timeout(600'000);
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
  WorkerOptions options;
  options.tcp.max_connections_per_client = 400;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 2, options);
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

TEST_CASE("a client that asks nothing goes sooner than one that idles", "[net]") {
  WorkerOptions options;
  options.tcp.idle_timeout = std::chrono::minutes(10);
  options.tcp.first_query_timeout = std::chrono::milliseconds(500);
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client polite = Client::tcp(pool.endpoints()[0]);
  polite.send(framed("E 1"));
  CHECK(polite.receive_message() == "E 1");
  const Client silent = Client::tcp(pool.endpoints()[0]);
  const Client unfinished = Client::tcp(pool.endpoints()[0]);
  unfinished.send(framed("E never whole").substr(0, 5));
  const Client pointless = Client::tcp(pool.endpoints()[0]);
  pointless.send(framed("N"));  // what gets no answer is no reason to stay
  CHECK(silent.receive() == "<closed>");
  CHECK(unfinished.receive() == "<closed>");
  CHECK(pointless.receive() == "<closed>");
  polite.send(framed("E 2"));
  CHECK(polite.receive_message() == "E 2");
  CHECK(pool.totals().closed_of(TcpClose::first_query) == 3);
  CHECK(pool.totals().closed_of(TcpClose::idle) == 0);
}

TEST_CASE("single octets do not keep a connection", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, with_idle_timeout(500));
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("E first"));
  CHECK(client.receive_message() == "E first");
  const std::string endless = framed(std::string(60'000, 'E'));
  std::size_t sent = 0;
  // One at a time, as fast as they are taken, until the server has enough.
  CHECK(eventually([&] {
    if (sent < endless.size() - 1) sent += client.send_some(std::string_view(endless).substr(sent, 1));
    return pool.totals().closed_of(TcpClose::idle) == 1;
  }));
}

TEST_CASE("a client at its limit is refused, others are not, and a place given back counts", "[net]") {
  WorkerOptions options;
  options.tcp.max_connections_per_client = 3;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 2, options);
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client::tcp(pool.endpoints()[0]));
    clients.back().send(framed("E"));
    CHECK(clients.back().receive_message() == "E");
  }
  const Client refused = Client::tcp(pool.endpoints()[0]);
  CHECK(refused.receive() == "<reset>");
  CHECK(eventually([&] { return pool.totals().closed_of(TcpClose::client_limit) == 1; }));
  const Client other = Client::from(at("127.0.0.2:0"), pool.endpoints()[0], SOCK_STREAM);
  other.send(framed("A"));
  CHECK(other.receive_message() == "tcp 127.0.0.2");
  for (const Client& client : clients) {  // those it has are as good as before
    client.send(framed("E"));
    CHECK(client.receive_message() == "E");
  }
  clients.pop_back();
  CHECK(eventually([&] { return pool.totals().closed_of(TcpClose::peer) == 1; }));
  const Client next = Client::tcp(pool.endpoints()[0]);
  next.send(framed("E next"));
  CHECK(next.receive_message() == "E next");
}

TEST_CASE("a client beyond its limit pushes nobody out", "[net]") {
  WorkerOptions options = with_idle_timeout(600'000);
  options.tcp.max_connections = 2;
  options.tcp.max_connections_per_client = 1;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client first = Client::tcp(pool.endpoints()[0]);
  first.send(framed("E 1"));
  CHECK(first.receive_message() == "E 1");
  const Client second = Client::from(at("127.0.0.2:0"), pool.endpoints()[0], SOCK_STREAM);
  second.send(framed("E 2"));
  CHECK(second.receive_message() == "E 2");
  for (int i = 0; i < 5; ++i) CHECK(Client::tcp(pool.endpoints()[0]).receive() == "<reset>");
  first.send(framed("E 3"));
  CHECK(first.receive_message() == "E 3");
  second.send(framed("E 4"));
  CHECK(second.receive_message() == "E 4");
}

TEST_CASE("those that have asked nothing make room before those that have", "[net]") {
  WorkerOptions options = with_idle_timeout(600'000);
  options.tcp.first_query_timeout = std::chrono::minutes(10);
  options.tcp.max_connections = 4;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client polite = Client::tcp(pool.endpoints()[0]);
  polite.send(framed("E 1"));
  CHECK(polite.receive_message() == "E 1");
  std::vector<Client> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(Client::tcp(pool.endpoints()[0]));
  CHECK(eventually([&] { return pool.totals().closed_of(TcpClose::limit) == 17; }));
  polite.send(framed("E 2"));
  CHECK(polite.receive_message() == "E 2");
}

TEST_CASE("clients are told how long they may idle, and to go when the table is nearly full", "[net]") {
  WorkerOptions options;
  options.tcp.max_connections = 8;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("K"));
  CHECK(client.receive_message() == "100");
  std::vector<Client> others;
  for (int i = 0; i < 7; ++i) {
    others.push_back(Client::tcp(pool.endpoints()[0]));
    others.back().send(framed("E"));
    CHECK(others.back().receive_message() == "E");
  }
  client.send(framed("K"));
  CHECK(client.receive_message() == "0");
}

TEST_CASE("buffers of clients that send or read too little are bounded together", "[net]") {
  WorkerOptions options = with_idle_timeout(600'000);
  options.tcp.first_query_timeout = std::chrono::minutes(10);
  options.tcp.max_connections_per_client = 2000;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client small = Client::tcp(pool.endpoints()[0]);
  small.send(framed("E small").substr(0, 4));
  std::vector<Client> greedy;
  for (int i = 0; i < 600; ++i) {
    greedy.push_back(Client::tcp(pool.endpoints()[0]));
    greedy.back().send(
        "\xff\xff"
        "E");
  }
  CHECK(eventually([&] { return pool.totals().closed_of(TcpClose::memory) >= 80; }));
  small.send(framed("E small").substr(4));
  CHECK(small.receive_message() == "E small");
  greedy.clear();
  CHECK(eventually([&] { return pool.totals().tcp_open() == 1; }));
  const std::string largest = "E" + std::string(kMaxMessageSize - 1, 'x');
  small.send(framed(largest));
  CHECK(small.receive_message() == largest);
}

TEST_CASE("UDP has its turn while TCP clients ask without end", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  std::string flood;
  for (int i = 0; i < 5000; ++i) flood += framed("N");
  std::atomic<bool> over{false};
  std::vector<std::thread> floods;
  for (int i = 0; i < 3; ++i) {
    floods.emplace_back([&, client = Client::tcp(pool.endpoints()[0])] {
      while (!over) client.send_some(flood);
    });
  }
  CHECK(eventually([&] { return pool.totals().queries[1][0] > 10'000; }));
  const Client udp = Client::udp(pool.endpoints()[0]);
  for (int i = 0; i < 100; ++i) {
    udp.send("E" + std::to_string(i));
    CHECK(udp.receive() == "E" + std::to_string(i));
  }
  over = true;
  for (auto& thread : floods) thread.join();
}

}  // namespace
}  // namespace gslbd::server
