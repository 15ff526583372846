// SPDX-License-Identifier: Apache-2.0
// Listeners and the lives of the workers.

#include "server/net/worker.h"

#include <atomic>
#include <fstream>

#include "core/published.h"
#include "server/net/port_choice.h"
#include "tests/server/net/support.h"

namespace gslbd::server {
namespace {

using testing::at;
using testing::Client;
using testing::eventually;
using testing::framed;
using testing::start_pool;

std::string listen_error(std::vector<Endpoint> endpoints) {
  const auto listeners = open_listeners(endpoints, 2);
  return listeners ? "no error" : listeners.error().message;
}

TEST_CASE("port 0 is one port for UDP, TCP and every worker", "[net]") {
  const Endpoint wanted[] = {at("127.0.0.1:0"), at("[::1]:0")};
  const auto listeners = open_listeners(wanted, 3);
  REQUIRE(listeners);
  REQUIRE(listeners->by_worker.size() == 3);
  for (const auto& sockets : listeners->by_worker) {
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(listeners->endpoints[i].port != 0);
      CHECK(sockets[i].spec.endpoint == listeners->endpoints[i]);
      for (const int fd : {sockets[i].udp.get(), sockets[i].tcp.get()}) {
        sockaddr_storage sa{};
        socklen_t length = sizeof sa;
        REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&sa), &length) == 0);
        CHECK(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(sa)) == listeners->endpoints[i]);
      }
    }
  }
}

// The kernel gives its own to clients that share theirs, as dig does, and one of them would talk to itself.
TEST_CASE("port 0 is none that a client is given", "[net]") {
  int first = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  if (choose_port() == 0) return;  // this machine has hardly any others
  const Endpoint wanted[] = {at("127.0.0.1:0"), at("[::1]:0")};
  for (int i = 0; i < 50; ++i) {
    const auto listeners = open_listeners(wanted, 1);
    REQUIRE(listeners);
    for (const Endpoint& endpoint : listeners->endpoints) REQUIRE(endpoint.port < first);
  }
}

TEST_CASE("a port is chosen below the ephemeral ones where there are enough", "[net]") {
  for (const int first : {0, 1024, 10'000, 10'999}) CHECK(choose_port(first) == 0);
  for (const int first : {11'000, 32'768}) {
    for (int i = 0; i < 1000; ++i) {
      const int port = choose_port(first);
      REQUIRE((port >= 10'000 && port < first));
    }
  }
}

TEST_CASE("listeners that leave the port to us have one each", "[net]") {
  const std::vector<Endpoint> wanted(40, at("127.0.0.1:0"));
  for (int i = 0; i < 20; ++i) REQUIRE(open_listeners(wanted, 1));
}

TEST_CASE("a port in use is an error that names it, even if its owner would share it", "[net]") {
  const Endpoint wanted[] = {at("127.0.0.1:0")};
  const auto other = open_listeners(wanted, 1);  // with SO_REUSEPORT, as a second server would
  REQUIRE(other);
  const std::string name = other->endpoints[0].to_string();
  CHECK(listen_error({other->endpoints[0]}) == "cannot listen on " + name + "/udp: Address already in use");
}

TEST_CASE("a port taken on TCP alone is an error too", "[net]") {
  UniqueFd taken(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_storage sa;
  socklen_t length = at("127.0.0.1:0").to_sockaddr(sa);
  REQUIRE(::bind(taken.get(), reinterpret_cast<const sockaddr*>(&sa), length) == 0);
  REQUIRE(::listen(taken.get(), 1) == 0);
  REQUIRE(::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&sa), &length) == 0);
  const Endpoint endpoint = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
  CHECK(listen_error({endpoint}) ==
        "cannot listen on " + endpoint.to_string() + "/tcp: Address already in use");
}

TEST_CASE("an address that is not ours, and one listed twice, are errors", "[net]") {
  CHECK(listen_error({at("192.0.2.1:0")}) ==
        "cannot listen on 192.0.2.1:0/udp: Cannot assign requested address");
  const Endpoint wanted[] = {at("127.0.0.1:0")};
  Endpoint free_port;
  {
    const auto listeners = open_listeners(wanted, 1);
    REQUIRE(listeners);
    free_port = listeners->endpoints[0];
  }
  CHECK(listen_error({free_port, free_port}) ==
        "cannot listen on " + free_port.to_string() + ": it is listed twice");
}

TEST_CASE("a wildcard and one of its addresses may both be listened on", "[net]") {
  const Endpoint wanted[] = {at("0.0.0.0:0")};
  Endpoint any;
  {
    const auto listeners = open_listeners(wanted, 1);
    REQUIRE(listeners);
    any = listeners->endpoints[0];
  }
  CHECK(listen_error({any, {at("127.0.0.1:0").address, any.port}}) == "no error");
}

TEST_CASE("workers stop under load, and their counters stay", "[net]") {
  WorkerPool pool = start_pool({at("127.0.0.1:0")}, 2);
  std::atomic<bool> over{false};
  std::thread udp_load([&, client = Client::udp(pool.endpoints()[0])] {
    while (!over) client.send_some("E load");
  });
  std::thread tcp_load([&, client = Client::tcp(pool.endpoints()[0])] {
    while (!over) client.send_some(framed("N load"));
  });
  const bool busy =
      eventually([&] { return pool.totals().queries[0][0] > 1000 && pool.totals().queries[1][0] > 10; });
  pool.stop();
  over = true;
  udp_load.join();
  tcp_load.join();
  CHECK(busy);
  CHECK(pool.totals().queries[0][0] > 1000);
  CHECK(pool.totals().tcp_open() == 0);
  pool.stop();  // again is harmless
}

TEST_CASE("stopping closes the connections", "[net]") {
  WorkerPool pool = start_pool({at("127.0.0.1:0")});
  const Client client = Client::tcp(pool.endpoints()[0]);
  client.send(framed("E"));
  CHECK(client.receive_message() == "E");
  pool.stop();
  CHECK(client.receive() == "<closed>");
  CHECK(pool.totals().closed_of(TcpClose::shutdown) == 1);
}

TEST_CASE("workers that were made but never started go away", "[net]") {
  const Endpoint wanted[] = {at("127.0.0.1:0"), at("[::1]:0")};
  auto listeners = open_listeners(wanted, 1);
  REQUIRE(listeners);
  const auto worker = Worker::make(std::move(listeners->by_worker[0]),
                                   std::make_unique<testing::CommandHandler>(), make_tcp_limits({}).value());
  CHECK(worker.has_value());
}

// Answers with the number published last; a snapshot used after its end is what the sanitizers would see.
class SnapshotHandler final : public QueryHandler {
 public:
  explicit SnapshotHandler(const Published<std::uint8_t>& slot) : slot_(slot) {}
  std::size_t handle(std::span<const std::uint8_t>, const Asker&,
                     std::span<std::uint8_t> response) noexcept override {
    response[0] = *slot_.read();
    return 1;
  }

 private:
  const Published<std::uint8_t>& slot_;
};

TEST_CASE("a publication waits for no idle worker and reaches the next query", "[net]") {
  Published<std::uint8_t> slot(std::make_unique<const std::uint8_t>(std::uint8_t{0}));
  const Endpoint wanted[] = {at("127.0.0.1:0")};
  auto listeners = open_listeners(wanted, 2);
  REQUIRE(listeners);
  const auto pool =
      WorkerPool::start(std::move(*listeners), [&] { return std::make_unique<SnapshotHandler>(slot); });
  REQUIRE(pool);
  const Client udp = Client::udp(pool->endpoints()[0]);
  const Client tcp = Client::tcp(pool->endpoints()[0]);
  for (int i = 1; i < 200; ++i) {
    slot.publish(std::make_unique<const std::uint8_t>(static_cast<std::uint8_t>(i)));
    udp.send("?");
    tcp.send(framed("?"));
    REQUIRE(udp.receive() == std::string(1, static_cast<char>(i)));
    REQUIRE(tcp.receive_message() == std::string(1, static_cast<char>(i)));
  }
}

TEST_CASE("publications go on under load", "[net]") {
  Published<std::uint8_t> slot(std::make_unique<const std::uint8_t>(std::uint8_t{0}));
  const Endpoint wanted[] = {at("127.0.0.1:0")};
  auto listeners = open_listeners(wanted, 2);
  REQUIRE(listeners);
  auto pool =
      WorkerPool::start(std::move(*listeners), [&] { return std::make_unique<SnapshotHandler>(slot); });
  REQUIRE(pool);
  std::atomic<bool> over{false};
  std::thread load([&, client = Client::udp(pool->endpoints()[0])] {
    while (!over) client.send_some("?");
  });
  for (int i = 1; i < 500; ++i)
    slot.publish(std::make_unique<const std::uint8_t>(static_cast<std::uint8_t>(i)));
  over = true;
  load.join();
  pool->stop();
}

}  // namespace
}  // namespace gslbd::server
