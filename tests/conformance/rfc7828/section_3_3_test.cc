// SPDX-License-Identifier: Apache-2.0
// RFC 7828 §3.3: the TCP keepalive option, received (§3.3.1) and sent (§3.3.2). That the connection is kept
// for so long is tested under rfc7766.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kKeepalive = 11;

World world() {
  return World({zone("k.test", R"("www": {"pool": "web"})")});
}

server::Asker over_tcp(std::uint16_t keepalive) {
  server::Asker asker;
  asker.transport = kTcp;
  asker.keepalive = keepalive;
  return asker;
}

Octets asking(const Octets& option) {
  return make_query("www.k.test.", type::kA, {.options = {{kKeepalive, option}}});
}

}  // namespace

TEST_CASE("RFC 7828 §3.3.1: over UDP the option is ignored, whatever it holds, and not sent") {
  auto w = world();
  for (const Octets& option : {Octets{}, Octets{0, 100}, Octets{1}, Octets(40, 7)}) {
    const auto m = w.send(asking(option), kUdp);
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kNoError);
    CHECK(m->answer == web_a("www.k.test."));
    CHECK(m->options.empty());
  }
}

TEST_CASE("RFC 7828 §3.3.2: over TCP it tells the connection's idle timeout, in units of 100 ms") {
  auto w = world();
  for (const std::uint16_t timeout : Numbers{0, 1, 100, 300, 0xffff}) {
    const auto m = w.send(asking({}), over_tcp(timeout));
    REQUIRE(m.has_value());
    REQUIRE(m->option(kKeepalive) != nullptr);
    CHECK(m->option(kKeepalive)->data ==
          Octets{static_cast<std::uint8_t>(timeout >> 8), static_cast<std::uint8_t>(timeout)});
    CHECK(m->options.size() == 1);
  }
}

TEST_CASE("RFC 7828 §3.3.2: with errors too, and never without an OPT in the query") {
  auto w = world();
  const auto refused = w.send(make_query("x.test.", type::kA, {.options = {{kKeepalive, {}}}}), over_tcp(50));
  REQUIRE(refused.has_value());
  CHECK(refused->option(kKeepalive) != nullptr);
  CHECK_FALSE(w.send(make_query("www.k.test.", type::kA), over_tcp(50)).value().edns);
}

TEST_CASE("RFC 7828 §3.2.1: a timeout that a client sends all the same means nothing: ours is what counts") {
  auto w = world();
  for (const Octets& option : {Octets{0, 100}, Octets{1}, Octets{1, 2, 3}}) {
    const auto m = w.send(asking(option), over_tcp(50));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kNoError);
    CHECK(m->answer == web_a("www.k.test."));
    REQUIRE(m->option(kKeepalive) != nullptr);
    CHECK(m->option(kKeepalive)->data == Octets{0, 50});
  }
}

}  // namespace gslbd::test
