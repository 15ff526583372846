// SPDX-License-Identifier: Apache-2.0
// Replies to one peer leave together and arrive as they are; where the kernel does not have that, one by one.

#include "server/net/reply_sender.h"

#include <optional>
#include <set>

#include "server/net/udp.h"
#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::Client;
using testing::CommandHandler;

// A server without a thread: what was sent waits in its socket, so the batches are what we want them to be.
struct Served {
  explicit Served(const char* endpoint) {
    const auto wanted = at(endpoint);
    auto opened = open_listeners(std::span(&wanted, 1), 1);
    if (!opened) FAIL(opened.error().message);
    listeners = std::move(*opened);
    server.emplace(sockets(), handler, counters);
  }
  BoundSockets& sockets() { return listeners.by_worker[0][0]; }
  std::uint16_t port() const { return listeners.endpoints[0].port; }
  std::uint64_t coalesced() const { return counters.udp_coalesced.value(); }
  // The kernel then cuts no messages of this socket, as on devices that cannot.
  void refuse_segments() {
    const int on = 1;
    REQUIRE(::setsockopt(sockets().udp.get(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
  }

  Listeners listeners;
  CommandHandler handler;
  NetCounters counters;
  std::optional<UdpServer> server;
};

std::set<std::string> receive(const Client& client, std::size_t count) {
  std::set<std::string> datagrams;
  for (std::size_t i = 0; i < count; ++i) datagrams.insert(client.receive());
  return datagrams;
}

void send_all(const Client& client, const std::set<std::string>& queries) {
  for (const std::string& query : queries) client.send(query);
}

Endpoint own_endpoint(const Client& client) {
  sockaddr_storage sa{};
  socklen_t length = sizeof sa;
  REQUIRE(::getsockname(client.fd(), reinterpret_cast<sockaddr*>(&sa), &length) == 0);
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
}

bool nothing_left(const Client& client) {
  char octet;
  return ::recv(client.fd(), &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

TEST_CASE("replies to one peer leave together and arrive as datagrams of their own", "[net]") {
  struct Case {
    const char* listen;
    const char* server;
  };
  for (const Case& c : {Case{"127.0.0.1:0", "127.0.0.1:0"}, Case{"[::1]:0", "[::1]:0"},
                        Case{"0.0.0.0:0", "127.0.0.7:0"}, Case{"[::]:0", "[::1]:0"}}) {
    INFO(c.listen);
    Served served(c.listen);
    const Client client = Client::udp({at(c.server).address, served.port()});
    const std::set<std::string> queries = {"E00", "E01", "E02", "E03", "E04", "E-5"};
    for (int batch = 1; batch <= 3; ++batch) {
      send_all(client, queries);
      served.server->serve_batch();
      CHECK(receive(client, queries.size()) == queries);
      CHECK(nothing_left(client));
      CHECK(served.coalesced() == unsigned(batch) * 5);
    }
    CHECK(served.counters.udp_refused_together.value() == 0);
  }
}

TEST_CASE("each of several peers gets its own replies, of all sizes", "[net]") {
  Served served("0.0.0.0:0");
  std::vector<Client> clients;
  std::vector<std::set<std::string>> queries(5);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    // Two of them ask another address of ours.
    const auto server = at(i % 2 == 0 ? "127.0.0.1:0" : "127.0.0.2:0").address;
    clients.push_back(Client::udp({server, served.port()}));
    for (std::size_t n = 0; n < 6; ++n) {
      const std::string text = "E" + std::to_string(i) + "/" + std::to_string(n);
      queries[i].insert(text + std::string(n / 2 * 10 * i, '.'));
    }
    send_all(clients[i], queries[i]);
  }
  served.server->serve_batch();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CHECK(receive(clients[i], queries[i].size()) == queries[i]);
    CHECK(nothing_left(clients[i]));
  }
  CHECK(served.coalesced() == 5 + 4 * 3);
}

TEST_CASE("queries that are dropped or get no reply leave the others theirs", "[net]") {
  for (const char* endpoint : {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"}) {
    INFO(endpoint);
    Served served(endpoint);
    const Address any = at(endpoint).address;
    const Address server = is_wildcard(any) ? at("127.0.0.3:0").address : any;
    std::vector<Client> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(Client::udp({server, served.port()}));
    const std::string too_long(kMaxUdpQuerySize + 1, 'E');
    for (std::size_t round = 0; round < 2 * clients.size(); ++round) {
      // In each round two others lie between those that are answered, or before or behind them.
      const std::size_t silent = round % clients.size(), dropped = (round * 2 + 1) % clients.size();
      for (std::size_t i = 0; i < clients.size(); ++i) {
        const std::string text = std::to_string(round) + "/" + std::to_string(i);
        clients[i].send(i == dropped ? too_long : (i == silent ? "N" : "E") + text);
      }
      served.server->serve_batch();
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (i != silent && i != dropped) {
          CHECK(clients[i].receive() == "E" + std::to_string(round) + "/" + std::to_string(i));
        }
        CHECK(nothing_left(clients[i]));
      }
    }
  }
}

TEST_CASE("among replies that leave together are queries without one, and replies that leave alone",
          "[net]") {
  for (const char* endpoint : {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"}) {
    INFO(endpoint);
    Served served(endpoint);
    const Address any = at(endpoint).address;
    const Address server = !is_wildcard(any) ? any : at(any.is_v4() ? "127.0.0.3:0" : "[::1]:0").address;
    const Client one = Client::udp({server, served.port()}), other = Client::udp({server, served.port()});
    const std::string too_long(kMaxUdpQuerySize + 1, 'E');
    for (unsigned batch = 1; batch <= 3; ++batch) {
      one.send("E first");
      one.send("N");
      other.send("E other first");
      one.send(too_long);
      one.send("B" + std::to_string(kMaxSegment + 1));
      other.send(too_long);
      one.send("E second, which is longer");
      other.send("N");
      other.send("E other second");
      served.server->serve_batch();
      std::multiset<std::size_t> sizes;
      std::set<std::string> texts;
      for (int i = 0; i < 3; ++i) {
        const std::string reply = one.receive();
        sizes.insert(reply.size());
        if (reply.size() < 100) texts.insert(reply);
      }
      CHECK(sizes.count(kMaxSegment + 1) == 1);
      CHECK(texts == std::set<std::string>{"E first", "E second, which is longer"});
      CHECK(receive(other, 2) == std::set<std::string>{"E other first", "E other second"});
      CHECK((nothing_left(one) && nothing_left(other)));
      CHECK(served.coalesced() == batch * 2);
    }
  }
}

TEST_CASE("a reply that leaves alone is not cut as those of the batch before were", "[net]") {
  for (const char* endpoint : {"127.0.0.1:0", "[::1]:0"}) {
    INFO(endpoint);
    Served served(endpoint);
    const Endpoint server{at(endpoint).address, served.port()};
    const Client one = Client::udp(server), other = Client::udp(server);
    send_all(one, {"E-1", "E-2"});
    served.server->serve_batch();
    CHECK(receive(one, 2) == std::set<std::string>{"E-1", "E-2"});
    const std::string alone(50, 'E');
    one.send(alone);
    send_all(other, {"E-3", "E-4"});
    served.server->serve_batch();
    CHECK(one.receive() == alone);
    CHECK(receive(other, 2) == std::set<std::string>{"E-3", "E-4"});
    CHECK((nothing_left(one) && nothing_left(other)));
    CHECK(served.coalesced() == 2);
  }
}

TEST_CASE("one source asking two of our addresses is answered from each", "[net]") {
  Served served("0.0.0.0:0");
  const UniqueFd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const timeval ten_seconds{10, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
  sockaddr_storage sa{};
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2"}) {
    socklen_t length = Endpoint{Address::parse(address).value(), served.port()}.to_sockaddr(sa);
    const std::string query = std::string("E ") + address;
    REQUIRE(::sendto(client.get(), query.data(), query.size(), 0, reinterpret_cast<const sockaddr*>(&sa),
                     length) > 0);
  }
  served.server->serve_batch();
  for (int i = 0; i < 4; ++i) {
    char answer[64];
    socklen_t length = sizeof sa;
    const ssize_t n =
        ::recvfrom(client.get(), answer, sizeof answer, 0, reinterpret_cast<sockaddr*>(&sa), &length);
    REQUIRE(n > 0);
    const Endpoint from = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
    CHECK(std::string(answer, std::size_t(n)) == "E " + from.address.to_string());
  }
  CHECK(served.coalesced() == 2);
}

TEST_CASE("replies too long for an ordinary frame leave alone", "[net]") {
  Served served("127.0.0.1:0");
  const Client client = Client::udp({at("127.0.0.1:0").address, served.port()});
  for (int i = 0; i < 3; ++i) client.send("B" + std::to_string(kMaxSegment + 1));
  for (int i = 0; i < 3; ++i) client.send("B" + std::to_string(kMaxSegment));
  served.server->serve_batch();
  std::multiset<std::size_t> sizes;
  for (int i = 0; i < 6; ++i) sizes.insert(client.receive().size());
  CHECK(sizes.count(kMaxSegment + 1) == 3);
  CHECK(sizes.count(kMaxSegment) == 3);
  CHECK(served.coalesced() == 2);
}

TEST_CASE("where the kernel refuses, replies go one by one, none is lost, and in the end it is not asked",
          "[net]") {
  for (const char* listen : {"127.0.0.1:0", "0.0.0.0:0"}) {
    INFO(listen);
    Served served(listen);
    served.refuse_segments();
    // On the second socket an address that the kernel would not send from by itself.
    const Address any = at(listen).address;
    const Endpoint server{is_wildcard(any) ? at("127.0.0.7:0").address : any, served.port()};
    const Client one = Client::udp(server), other = Client::udp(server);
    const std::set<std::string> queries = {"E00", "E01", "E02", "E-3"};
    for (int batch = 0; batch < 50; ++batch) {
      send_all(one, queries);
      other.send("E alone");
      send_all(other, queries);
      served.server->serve_batch();
      CHECK(receive(one, queries.size()) == queries);
      CHECK(receive(other, queries.size() + 1).count("E alone") == 1);
      CHECK((nothing_left(one) && nothing_left(other)));
    }
    CHECK(served.coalesced() == 0);
    CHECK(served.counters.udp_refused_together.value() > 0);
    CHECK(served.counters.udp_refused_together.value() < 50);
    CHECK(served.counters.drops_of(UdpDrop::send_error).value() == 0);
  }
}

// A query's header, as if it had come from `peer`.
struct From {
  explicit From(const Endpoint& peer) {
    header.msg_name = &name;
    header.msg_namelen = peer.to_sockaddr(name);
    header.msg_control = &control;
  }
  sockaddr_storage name{};
  UdpControl control{};
  msghdr header{};
};

TEST_CASE("a peer that cannot be reached loses its replies, which are counted, and hurts no other", "[net]") {
  Served served("127.0.0.1:0");
  NetCounters counters;
  const Client client = Client::udp({at("127.0.0.1:0").address, served.port()});
  From reachable(own_endpoint(client));
  From unreachable(at("255.255.255.255:5353"));  // needs a permission that the socket does not ask for
  const mmsghdr received[] = {
      {unreachable.header, 0}, {reachable.header, 0}, {unreachable.header, 0}, {reachable.header, 0}};
  ReplySender sender(served.sockets().udp.get(), at("127.0.0.1:0").address, received, counters);
  std::string text = "reply";
  BatchQuery query;
  query.response = {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
  query.length = text.size();
  const std::vector<BatchQuery> batch(4, query);
  for (unsigned round = 1; round <= 40; ++round) {
    sender.send(batch);
    CHECK(client.receive() == "reply");
    CHECK(client.receive() == "reply");
    CHECK(counters.drops_of(UdpDrop::send_error).value() == round * 2);
    CHECK(counters.udp_coalesced.value() == round);
  }
  CHECK(counters.udp_refused_together.value() == 0);
}

}  // namespace
}  // namespace gslbd::server
