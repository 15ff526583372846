// SPDX-License-Identifier: Apache-2.0
// RFC 7873 §5.2: responding to a request, its five cases; §5.4: asking for a server cookie alone. What a
// server cookie is made of is RFC 9018's and tested beside server/answer/cookie.h.
#include <algorithm>

#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kCookie = 10;
const Octets kClient{0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};

std::shared_ptr<server::AnswerPolicy> with_cookies() {
  auto policy = std::make_shared<server::AnswerPolicy>();
  auto secrets = server::CookieSecrets::parse("e5e973e5a6b2a43f48e7dc849e37bfcf\n", "secret");
  REQUIRE(secrets.has_value());
  policy->cookies = *secrets;
  return policy;
}

World world(std::shared_ptr<const server::AnswerPolicy> policy = with_cookies()) {
  return World({zone("k.test", R"("www": {"pool": "web"}, "cut": {"NS": "ns.x.test."})")}, web_pool(),
               std::move(policy));
}

QueryOptions with(const Octets& cookie) {
  return {.options = {{kCookie, cookie}}};
}

// The server cookie of a first contact.
Octets first_contact(World& w) {
  const auto m = w.ask("www.k.test.", type::kA, with(kClient));
  REQUIRE(m.option(kCookie) != nullptr);
  const Octets& data = m.option(kCookie)->data;
  REQUIRE(data.size() == 24);
  return {data.begin() + 8, data.end()};
}

void check_cookie(const Message& m) {
  REQUIRE(m.option(kCookie) != nullptr);
  const Octets& data = m.option(kCookie)->data;
  CHECK(data.size() >= 16);
  CHECK(data.size() <= 40);
  CHECK(std::equal(kClient.begin(), kClient.end(), data.begin()));
  CHECK(std::count_if(m.options.begin(), m.options.end(), [](const auto& o) { return o.code == kCookie; }) ==
        1);
}

}  // namespace

TEST_CASE("RFC 7873 §5.2.1: no OPT, or no COOKIE option: answered as if there were no cookies") {
  auto w = world();
  CHECK_FALSE(w.ask("www.k.test.", type::kA).edns);
  const auto m = w.ask("www.k.test.", type::kA, {.edns = true});
  CHECK(m.option(kCookie) == nullptr);
  CHECK(m.answer == web_a("www.k.test."));
}

TEST_CASE("RFC 7873 §5.2.2: a COOKIE option of an impossible length is FORMERR") {
  auto w = world();
  for (std::size_t size = 0; size <= 48; ++size) {
    if (size == 8 || (size >= 16 && size <= 40)) continue;
    INFO(size);
    const auto m = w.ask("www.k.test.", type::kA, with(Octets(size, 1)));
    CHECK(m.rcode == rcode::kFormErr);
    CHECK(m.answer.empty());
    CHECK(m.option(kCookie) == nullptr);
  }
}

TEST_CASE("RFC 7873 §5.2.3: a client cookie alone is answered, with a server cookie") {
  auto w = world();
  for (const char* name : {"www.k.test.", "nothing.k.test.", "x.cut.k.test.", "elsewhere.test."}) {
    check_cookie(w.ask(name, type::kA, with(kClient)));
  }
  CHECK(w.ask("www.k.test.", type::kA, with(kClient)).answer == web_a("www.k.test."));
}

TEST_CASE("RFC 7873 §5.2.4: a server cookie that is not ours counts as none") {
  auto w = world();
  for (std::size_t size = 16; size <= 40; ++size) {
    INFO(size);
    const auto m = w.ask("www.k.test.", type::kA, with(kClient + Octets(size - 8, 0x5a)));
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer == web_a("www.k.test."));
    check_cookie(m);
  }
}

TEST_CASE("RFC 7873 §5.2.5: a server cookie of ours is answered with one that is valid") {
  auto w = world();
  const Octets server = first_contact(w);
  const auto m = w.ask("www.k.test.", type::kA, with(kClient + server));
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.option(kCookie)->data == kClient + server);
}

TEST_CASE("RFC 7873 §4.2: server cookies differ by client address and by client cookie") {
  auto w = world();
  const Octets server = first_contact(w);
  Octets other = kClient;
  other[7] ^= 1;
  const auto renamed = w.ask("www.k.test.", type::kA, with(other));
  CHECK_FALSE(std::equal(server.begin(), server.end(), renamed.option(kCookie)->data.begin() + 8));
  server::Asker asker;
  asker.address = *Address::parse("203.0.113.54");
  const auto moved = w.send(make_query("www.k.test.", type::kA, with(kClient)), asker);
  REQUIRE(moved.has_value());
  CHECK_FALSE(std::equal(server.begin(), server.end(), moved->option(kCookie)->data.begin() + 8));
}

TEST_CASE("RFC 7873 §5.2: of several COOKIE options the first counts, others are ignored") {
  auto w = world();
  const auto m = w.ask("www.k.test.", type::kA, {.options = {{kCookie, kClient}, {kCookie, {1, 2, 3}}}});
  CHECK(m.rcode == rcode::kNoError);
  check_cookie(m);
  CHECK(w.ask("www.k.test.", type::kA, {.options = {{kCookie, {1}}, {kCookie, kClient}}}).rcode ==
        rcode::kFormErr);
}

TEST_CASE("RFC 7873 §5.2: where cookies are off the option is ignored, even a malformed one") {
  auto w = world(nullptr);
  for (const Octets& cookie : {kClient, kClient + Octets(16, 1), Octets{}, Octets{1, 2, 3}, Octets(60, 1)}) {
    const auto m = w.ask("www.k.test.", type::kA, with(cookie));
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.edns);
    CHECK(m.options.empty());
    CHECK(m.answer == web_a("www.k.test."));
  }
}

TEST_CASE("RFC 7873 §5.2.2: FORMERR and BADVERS come with no cookie that was not asked for") {
  auto w = world();
  const auto m = w.ask("www.k.test.", type::kA, {.edns = true, .edns_version = 1});
  CHECK(m.rcode == rcode::kBadVers);
  CHECK(m.option(kCookie) == nullptr);
}

TEST_CASE("RFC 7873 §5.4: a query without a question brings a server cookie") {
  auto w = world();
  const auto m = w.send(Packet().options({{kCookie, kClient}}));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kNoError);
  CHECK(m->question_count == 0);
  CHECK(m->answer.empty());
  CHECK(m->authority.empty());
  check_cookie(*m);
}

TEST_CASE(
    "RFC 7873 §5.4: with a valid server cookie NOERROR, with an invalid one BADCOOKIE and a fresh one") {
  auto w = world();
  const Octets server = first_contact(w);
  const auto valid = w.send(Packet().options({{kCookie, kClient + server}}));
  REQUIRE(valid.has_value());
  CHECK(valid->rcode == rcode::kNoError);
  check_cookie(*valid);
  const auto invalid = w.send(Packet().options({{kCookie, kClient + Octets(16, 0x5a)}}));
  REQUIRE(invalid.has_value());
  CHECK(invalid->rcode == rcode::kBadCookie);
  check_cookie(*invalid);
}

TEST_CASE("RFC 7873 §5.4: without a question and without a COOKIE option, or with cookies off: FORMERR") {
  auto w = world();
  CHECK(w.send(Packet().opt()).value().rcode == rcode::kFormErr);
  CHECK(w.send(Packet()).value().rcode == rcode::kFormErr);
  auto off = world(nullptr);
  CHECK(off.send(Packet().options({{kCookie, kClient}})).value().rcode == rcode::kFormErr);
}

}  // namespace gslbd::test
