// SPDX-License-Identifier: Apache-2.0
// The query path neither allocates nor locks. This program replaces malloc and pthread_mutex_lock with
// versions that count while a thread is armed, and answers every kind of query on an armed thread: first by
// the responder alone, then through a real worker with its UDP and TCP sockets.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "server/answer/policy.h"
#include "server/net/worker.h"
#include "server/steering/decide.h"
#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "zones/rr_type.h"

namespace {

thread_local bool armed = false;
std::atomic<int> allocations{0};
std::atomic<int> locks{0};
std::atomic<bool> any_worker_armed{false};

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* p, std::size_t size);

void* malloc(std::size_t size) {
  if (armed) ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  if (armed) ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* p, std::size_t size) {
  if (armed) ++allocations;
  return __libc_realloc(p, size);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (armed) ++locks;
  return real(mutex);
}
}

using namespace gslbd;
using namespace gslbd::test;
namespace type = gslbd::zones::type;

namespace {

/// Guarded: everything is switched on, and all queries take the long way. The limiter counts but lets pass,
/// since every query is to be answered. Open: most can take the fast path.
enum class Policy { guarded, open };

std::shared_ptr<const server::AnswerPolicy> make_policy(Policy which) {
  auto p = std::make_shared<server::AnswerPolicy>();
  p->nsid = {'n', 's', '1'};
  p->chaos.add("id.server", "ns1");
  p->cookies = server::CookieSecrets::random();
  if (which == Policy::open) return p;
  p->report_agent = {5, 'a', 'g', 'e', 'n', 't', 0};
  p->listeners = {server::AccessList({*Prefix::parse("0.0.0.0/0")}, {*Prefix::parse("192.0.2.0/24")})};
  server::RateLimitSettings limits;
  limits.per_second.fill(1);
  limits.log_only = true;
  p->rate_limiter = std::make_shared<server::RateLimiter>(limits, 1);
  return p;
}

Authority authority(Policy which) {
  return Authority({R"({"zone": "e.test", "soa": {"mname": "ns"}, "records": {
                       "@": {"NS": "ns", "MX": "10 ns"}, "ns": {"A": "192.0.2.1"}, "c": {"CNAME": "p"},
                       "*.w": {"TXT": "x"}, "sub": {"NS": "ns.sub"}, "ns.sub": {"A": "192.0.2.3"},
                       "p": {"pool": "p"}, "q": {"pool": {"name": "q", "ttl": 5}}, "r": {"pool": "r"}}})"},
                   {{"p", {"192.0.2.10", "192.0.2.11", "2001:db8::10"}},
                    {"q", {"192.0.2.10", "192.0.2.11"}, server::Selection::weighted, {1, 2}},
                    {.name = "r",  // one member has just recovered
                     .addresses = {"192.0.2.10", "192.0.2.11", "2001:db8::10", "2001:db8::11"},
                     .selection = server::Selection::weighted,
                     .shares = {server::kShareSteps, server::kShareSteps / 2, 1, server::kShareSteps}}},
                   make_policy(which));
}

std::vector<std::vector<std::uint8_t>> every_kind() {
  std::vector<std::vector<std::uint8_t>> out;
  const QueryOptions edns{.edns = true};
  const QueryOptions every_option{.edns = true,
                                  .options = {{3, {}},
                                              {8, {0, 1, 24, 0, 192, 0, 2}},
                                              {10, {1, 2, 3, 4, 5, 6, 7, 8}},
                                              {11, {}},
                                              {12, {0, 0}},
                                              {19, {}}}};
  for (const auto& options : {QueryOptions{}, edns, every_option}) {
    out.push_back(make_query("ns.e.test.", type::kA, options));
    out.push_back(make_query("e.test.", type::kMx, options));
    out.push_back(make_query("a.b.w.e.test.", type::kTxt, options));
    out.push_back(make_query("c.e.test.", type::kAaaa, options));
    out.push_back(make_query("p.e.test.", type::kA, options));
    out.push_back(make_query("q.e.test.", type::kA, options));
    out.push_back(make_query("r.e.test.", type::kA, options));
    out.push_back(make_query("r.e.test.", type::kAaaa, options));
    out.push_back(make_query("x.sub.e.test.", type::kA, options));
    out.push_back(make_query("nothing.e.test.", type::kA, options));
    out.push_back(make_query("ns.e.test.", type::kTxt, options));
    out.push_back(make_query("elsewhere.", type::kA, options));
  }
  out.push_back(make_query("ns.e.test.", type::kA, {.edns = true, .edns_version = 1}));
  out.push_back(make_query("id.server.", type::kTxt, {.qclass = 3}));
  out.push_back({1, 2, 3});
  auto formerr = make_query("ns.e.test.", type::kA);
  formerr.pop_back();
  out.push_back(formerr);
  return out;
}

// Arms the worker's thread once its first query has warmed it up.
class ArmingHandler final : public server::QueryHandler {
 public:
  explicit ArmingHandler(server::QueryHandler& inner) : inner_(inner) {}
  std::size_t handle(std::span<const std::uint8_t> query, const server::Asker& asker,
                     std::span<std::uint8_t> response) noexcept override {
    const std::size_t n = inner_.handle(query, asker, response);
    count(1);
    return n;
  }
  void handle_batch(std::span<server::BatchQuery> batch) noexcept override {
    inner_.handle_batch(batch);
    count(batch.size());
  }
  static constexpr std::size_t kWarmUp = 50;

 private:
  void count(std::size_t queries) {
    handled_ += queries;
    if (handled_ < kWarmUp) return;
    armed = true;
    any_worker_armed = true;
  }

  server::QueryHandler& inner_;
  std::size_t handled_ = 0;
};

struct Socket {
  explicit Socket(int type) : fd(socket(AF_INET, type, 0)) {}
  ~Socket() { close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("the counters count") {
  allocations = 0, locks = 0;
  armed = true;
  std::free(std::malloc(10));
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  armed = false;
  CHECK(allocations.load() == 1);
  CHECK(locks.load() == 1);
}

TEST_CASE("the responder neither allocates nor locks") {
  auto server = authority(GENERATE(Policy::guarded, Policy::open));
  const auto queries = every_kind();
  std::vector<std::uint8_t> buffer(server::kMaxMessageSize);
  std::vector<std::vector<std::uint8_t>> readable = queries;
  for (auto& query : readable) query.resize(query.size() + server::kReadAhead);
  std::size_t answered = 0;
  allocations = 0, locks = 0;
  armed = true;
  for (const auto transport : {server::Transport::udp, server::Transport::tcp}) {
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const server::Asker asker{transport, {}};
      if (server.responder().handle(queries[i], asker, buffer) != 0) ++answered;
      server::BatchQuery query{std::span(readable[i]).first(queries[i].size()), asker, buffer, 0};
      server.responder().handle_batch({&query, 1});
      if (query.length != 0) ++answered;
    }
  }
  armed = false;
  CHECK(answered == 4 * (queries.size() - 1));
  CHECK(allocations.load() == 0);
  CHECK(locks.load() == 0);
}

TEST_CASE("a worker neither allocates nor locks while it answers") {
  any_worker_armed = false;
  auto authority_ = authority(GENERATE(Policy::guarded, Policy::open));
  const std::vector<Endpoint> endpoints{*Endpoint::parse("127.0.0.1:0")};
  auto listeners = server::open_listeners(endpoints, 1);
  REQUIRE(listeners.has_value());
  const Endpoint at = listeners->endpoints[0];
  auto pool = server::WorkerPool::start(
      std::move(*listeners), [&] { return std::make_unique<ArmingHandler>(authority_.responder()); });
  REQUIRE(pool.has_value());
  sockaddr_storage address;
  const socklen_t length = at.to_sockaddr(address);
  const Socket udp(SOCK_DGRAM), tcp(SOCK_STREAM);
  REQUIRE(connect(udp.fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(connect(tcp.fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  const auto queries = every_kind();
  std::vector<std::uint8_t> buffer(server::kMaxMessageSize);
  const auto ask_udp = [&](const std::vector<std::uint8_t>& query) {
    REQUIRE(send(udp.fd, query.data(), query.size(), 0) == static_cast<ssize_t>(query.size()));
    if (query.size() >= 12) REQUIRE(recv(udp.fd, buffer.data(), buffer.size(), 0) > 0);
  };
  const auto ask_tcp = [&](const std::vector<std::uint8_t>& query) {
    if (query.size() < 12) return;
    std::vector<std::uint8_t> framed{static_cast<std::uint8_t>(query.size() >> 8),
                                     static_cast<std::uint8_t>(query.size() & 0xff)};
    framed.insert(framed.end(), query.begin(), query.end());
    REQUIRE(send(tcp.fd, framed.data(), framed.size(), 0) == static_cast<ssize_t>(framed.size()));
    REQUIRE(recv(tcp.fd, buffer.data(), 2, MSG_WAITALL) == 2);
    const auto n = static_cast<std::size_t>(buffer[0] << 8 | buffer[1]);
    REQUIRE(recv(tcp.fd, buffer.data(), n, MSG_WAITALL) == static_cast<ssize_t>(n));
  };
  allocations = 0, locks = 0;
  for (int round = 0; round < 10; ++round) {
    for (const auto& query : queries) {
      ask_udp(query);
      ask_tcp(query);
    }
  }
  const int seen_allocations = allocations.load();
  const int seen_locks = locks.load();
  pool->stop();
  CHECK(any_worker_armed.load());
  CHECK(seen_allocations == 0);
  CHECK(seen_locks == 0);
}
