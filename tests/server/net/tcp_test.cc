// SPDX-License-Identifier: Apache-2.0
// TCP over real sockets: framing (RFC 1035 §4.2.2) and pipelining (RFC 7766).

#include "server/net/tcp.h"

#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::Client;
using testing::eventually;
using testing::framed;
using testing::start_pool;

/// A second descriptor of the server's end of a client's connection, as a child process has one before its
/// exec: the connection outlives the server's close().
UniqueFd copy_of_servers_end(const Client& client) {
  const auto name = [](int fd, auto get) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    return get(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 ? ntohs(address.sin_port) : 0;
  };
  const int port = name(client.fd(), ::getsockname);
  for (int fd = 3; fd < 1024; ++fd) {
    if (fd != client.fd() && name(fd, ::getpeername) == port) return UniqueFd(::dup(fd));
  }
  return {};
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

TEST_CASE("a full read is gone on with, though nothing more comes", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const std::string query = framed("E" + std::string(kReadSize / 8 - 3, 'x'));
  REQUIRE(kReadSize % query.size() == 0);
  for (const bool finished : {false, true}) {  // the client's end in the same breath, or not at all
    for (std::size_t queries : {7U, 8U, 9U, 16U, 32U}) {
      const Client client = Client::tcp(pool.endpoints()[0]);
      std::string all;
      for (std::size_t i = 0; i < queries; ++i) all += query;
      client.send(all);
      if (finished) client.finish_sending();
      for (std::size_t i = 0; i < queries; ++i) REQUIRE(framed(client.receive_message()) == query);
      if (finished) CHECK(client.receive() == "<closed>");
    }
  }
}

TEST_CASE("many clients pipeline at once, and each gets its own answers in order", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  std::vector<Client> clients;
  for (int c = 0; c < 70; ++c) clients.push_back(Client::tcp(pool.endpoints()[0]));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t c = 0; c < clients.size(); ++c) {
      std::string all;
      for (std::size_t i = 0; i < c; ++i)
        all += framed((i % 5 == 4 ? "N" : "E") + std::to_string(c * 1000 + i));
      clients[c].send(all);
    }
    for (std::size_t c = 0; c < clients.size(); ++c) {
      for (std::size_t i = 0; i < c; ++i) {
        if (i % 5 != 4) REQUIRE(clients[c].receive_message() == "E" + std::to_string(c * 1000 + i));
      }
    }
  }
}

TEST_CASE("a client that reads late gets the small answers between the large ones, too", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0], 4096);
  std::string all;
  for (int i = 0; i < 400; ++i) all += framed(i % 4 == 0 ? "B65535" : "E" + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 400; ++i) {
    const std::string answer = client.receive_message();
    REQUIRE(answer == (i % 4 == 0 ? std::string(65'535, 'b') : "E" + std::to_string(i)));
  }
  client.send(framed("E at last"));
  CHECK(client.receive_message() == "E at last");
}

TEST_CASE("connections know which listener they came to", "[net]") {
  const WorkerPool pool = start_pool({at("127.0.0.1:0"), at("[::1]:0")});
  for (std::size_t i = 0; i < 2; ++i) {
    const Client client = Client::tcp(pool.endpoints()[i]);
    client.send(framed("L"));
    CHECK(client.receive_message() == std::to_string(i));
  }
}

TEST_CASE("what becomes of a connection that is closed while a child process has a copy is heard by no other",
          "[net]") {
  WorkerOptions options;
  options.tcp.max_connections = 1;
  const WorkerPool pool = start_pool({at("127.0.0.1:0")}, 1, options);
  const Client gone = Client::tcp(pool.endpoints()[0]);
  gone.send(framed("E"));
  CHECK(gone.receive_message() == "E");
  const UniqueFd copy = copy_of_servers_end(gone);
  REQUIRE(copy);
  const Client next = Client::tcp(pool.endpoints()[0]);  // takes its place, and at last its object
  const Client last = Client::tcp(pool.endpoints()[0]);
  REQUIRE(eventually([&] { return pool.totals().closed_of(TcpClose::limit) == 2; }));
  for (int i = 0; i < 300; ++i) {
    const std::string query = framed("E" + std::to_string(i)) + framed("B2000");
    const auto half = query.size() / 2;
    gone.send(framed("E gone"));
    last.send(query.substr(0, half));
    gone.send(framed("E gone"));
    last.send(query.substr(half));
    REQUIRE(last.receive_message() == "E" + std::to_string(i));
    REQUIRE(last.receive_message().size() == 2000);
  }
  gone.finish_sending();
  last.send(framed("E last"));
  CHECK(last.receive_message() == "E last");
  CHECK(pool.totals().queries[1][0] == 602);
  CHECK(pool.totals().tcp_open() == 1);
}

}  // namespace
}  // namespace gslbd::server
