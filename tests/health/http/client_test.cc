// SPDX-License-Identifier: Apache-2.0
// Probes over HTTP/1.1 against peers on loopback: connections that are reused, redirects, slow and hostile
// sites.

#include <fmt/format.h>

#include <atomic>
#include <map>

#include "health/descriptors.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Check http(std::uint16_t port, const std::string& more = "") {
  return make_check(fmt::format(R"({{"type": "http", "port": {}{}}})", port, more));
}

std::string redirect_to(const std::string& where, int status = 302) {
  return fmt::format("HTTP/1.1 {} X\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", status, where);
}

}  // namespace

TEST_CASE("http: with reuse, probes share a connection") {
  std::atomic<int> connections = 0;
  const Peer peer([&](const PeerConnection& connection) {
    ++connections;
    while (!connection.hear("\r\n\r\n").empty() && connection.say(kOk)) {
    }
  });
  const Check reusing = http(peer.port(), R"(, "reuse": true)");
  Prober prober;
  for (ProbeId id = 1; id <= 5; ++id) {
    prober.start(id, reusing);
    CHECK(prober.outcome_of(id).detail == "HTTP 200");
  }
  CHECK(connections == 1);
}

TEST_CASE("http: idle connections have the places that held ones leave") {
  std::atomic<int> connections = 0;
  const auto serve = [&](const PeerConnection& connection) {
    ++connections;
    while (!connection.hear("\r\n\r\n").empty() && connection.say(kOk)) {
    }
  };
  const Peer one(serve);
  const Peer two(serve);
  const Check checks[] = {http(one.port(), R"(, "reuse": true)"), http(two.port(), R"(, "reuse": true)")};
  Prober prober;
  prober.loop().lasting_connections().set_limit(2);
  ProbeId id = 0;
  const auto made_for_both = [&] {
    const int before = connections;
    for (const Check& check : checks) {
      prober.start(++id, check);
      CHECK(prober.outcome_of(id).passed());
    }
    return connections - before;
  };
  CHECK(made_for_both() == 2);
  CHECK(made_for_both() == 0);
  prober.loop().lasting_connections().want_held(1);
  CHECK(made_for_both() == 0);  // one of the two is not kept after this
  CHECK(made_for_both() == 1);
  const auto held = prober.loop().lasting_connections().for_held();
  CHECK(static_cast<bool>(held));
  CHECK_FALSE(static_cast<bool>(prober.loop().lasting_connections().for_held()));
}

TEST_CASE("http: a reused connection that breaks is tried once anew before it counts") {
  std::atomic<int> connections = 0;
  const Peer peer([&](const PeerConnection& connection) {
    ++connections;
    connection.hear("\r\n\r\n");
    connection.say(kOk);
    connection.hear("\r\n\r\n");  // the second request is not answered
    if (connections == 2) connection.reset();
  });
  const Check reusing = http(peer.port(), R"(, "reuse": true)");
  Prober prober;
  for (ProbeId id = 1; id <= 4; ++id) {
    prober.start(id, reusing);
    CAPTURE(id);
    CHECK(prober.outcome_of(id).detail == "HTTP 200");
  }
  CHECK(connections == 4);
}

TEST_CASE("http: a connection that the peer does not keep is not reused") {
  std::atomic<int> connections = 0;
  const Peer peer([&](const PeerConnection& connection) {
    ++connections;
    connection.hear("\r\n\r\n");
    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    connection.wait_for_end();
  });
  const Check reusing = http(peer.port(), R"(, "reuse": true)");
  Prober prober;
  for (ProbeId id = 1; id <= 2; ++id) {
    prober.start(id, reusing);
    CHECK(prober.outcome_of(id).passed());
  }
  CHECK(connections == 2);
}

TEST_CASE("http: redirects are followed as far as the check allows, at the target only") {
  TestServer server([](const std::string& request) -> Reply {
    const std::string path =
        request.substr(request.find(' ') + 1, request.find(" HTTP") - request.find(' ') - 1);
    if (path == "/end") return http_reply(request[0] == 'G' ? 200 : 500);
    if (path == "/round") return {redirect_to("/circle"), {}};
    if (path == "/circle") return {redirect_to("/round"), {}};
    if (path == "/away") return {redirect_to("http://198.51.100.1/"), {}};
    if (path == "/long") return {redirect_to("/long?"), {}};
    if (path.rfind("/long?", 0) == 0) return {redirect_to(path + "x"), {}};
    return {redirect_to("end", 303), {}};
  });
  const auto asked = [&](const std::string& path, const std::string& more = "") {
    return probe(http(server.port(), fmt::format(R"(, "path": "{}", "follow_redirects": 3{})", path, more)));
  };
  CHECK(asked("/").detail == "HTTP 200");
  CHECK(asked("/", R"(, "method": "POST", "body": "x")").detail == "HTTP 200");
  CHECK(asked("/round").detail == "HTTP 302: redirects in a circle, back to /round");
  CHECK(asked("/away").detail == "HTTP 302: the redirect to http://198.51.100.1/ leaves the target");
  CHECK(asked("/away", R"(, "expect": {"status": 302})").passed());
  CHECK(asked("/long").detail == "HTTP 302: more than 3 redirects, the last to /long?xxx");
}

TEST_CASE("http: the JSON in the body can be expected") {
  TestServer server([](const std::string&) { return http_reply(200, R"({"db": {"up": true}})"); });
  const auto expecting = [&](const std::string& equals) {
    return probe(
        http(server.port(), R"(, "expect": {"json": {"pointer": "/db/up", "equals": )" + equals + "}}"));
  };
  CHECK(expecting("true").passed());
  const Outcome outcome = expecting("1");
  CHECK(outcome.reason == Reason::body);
  CHECK(outcome.detail == R"("/db/up" is true, wanted 1)");
}

TEST_CASE("http: a first octet that is too long in coming is a failure of its own") {
  TestServer silent([](const std::string&) -> Reply { return {"", Reply::Then::hold}; });
  const Outcome outcome = probe(http(silent.port(), R"(, "max_ttfb": "20ms")"));
  CHECK(outcome.reason == Reason::timeout);
  CHECK(outcome.detail == "slow: no first octet within 20ms");
  TestServer good([](const std::string&) { return http_reply(200); });
  CHECK(probe(http(good.port(), R"(, "max_ttfb": "30s")")).passed());
}

TEST_CASE("http: hostile sites cost bounded memory and have their reasons") {
  struct Case {
    std::string says;
    std::string repeats;
    std::string detail;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\n", "X-Header: of many\r\n", "the header is larger than 64 KiB"},
      {"HTTP/1.1 200 OK\r\nX: ", "endless", "the header is larger than 64 KiB"},
      {"", "HTTP/1.1 100 Continue\r\n\r\n", "more than 8 interim (1xx) responses"},
      {"HTTP/1.1 200 OK\r\n\r\n", "a body without end ", "HTTP 200"},
      {chunked, "5\r\nchunk\r\n", "HTTP 200"},
      {chunked + "ffffffff\r\n", "a chunk without end", "HTTP 200"},
      {chunked + "0\r\n", "Trailer: of many\r\n", "the trailer is larger than 64 KiB"},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4000000000\r\n\r\n\x1f\x8b", "bomb",
       "HTTP 200"},
      {"", "no status line, ever ",
       R"(no HTTP: the peer said "no status line, ever no status line, ever no status )"
       R"(line, ever no status line, eve...")"},
  };
  for (const Case& c : cases) {
    const Peer peer([&](const PeerConnection& connection) {
      connection.hear("\r\n\r\n");
      std::string more;
      while (more.size() < 16'384) more += c.repeats;
      bool heard = connection.say(c.says);
      while (heard) heard = connection.say(more);
    });
    CAPTURE(c.says, c.repeats);
    CHECK(probe(http(peer.port())).detail.substr(0, 60) == c.detail.substr(0, 60));
  }
}

TEST_CASE("http: a site that drips or falls silent delays nobody else's probe") {
  const Peer dripping([](const PeerConnection& connection) {
    connection.hear("\r\n\r\n");
    connection.say("HTTP/1.1 200 OK\r\nX-Drip: a");
    connection.wait_for_end();
  });
  const Peer flooding([](const PeerConnection& connection) {
    connection.hear("\r\n\r\n");
    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");  // and never all of it
    connection.wait_for_end();
  });
  TestServer good([](const std::string&) { return http_reply(200); });
  const Check hostile_checks[] = {http(dripping.port()), http(flooding.port())};
  const Check good_check = http(good.port());
  Prober prober;
  prober.start(1001, hostile_checks[0]);
  prober.start(1002, hostile_checks[1]);
  for (ProbeId id = 1; id <= 50; ++id) {
    prober.start(id, good_check);
    CHECK(prober.outcome_of(id).passed());
  }
  CHECK_FALSE(prober.ended(1001));
  CHECK_FALSE(prober.ended(1002));
  prober.cancel(1001, hostile_checks[0]);
  prober.cancel(1002, hostile_checks[1]);
  CHECK(overdue(hostile_checks[0], "octet") ==
        "connected after T, first octet after T, then no end of the header within 1s");
  CHECK(overdue(hostile_checks[1], "body") ==
        "connected after T, first octet after T, 0 octets of the body, then no end of it within 1s");
}
