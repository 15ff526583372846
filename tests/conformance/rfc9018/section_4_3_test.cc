// SPDX-License-Identifier: Apache-2.0
// RFC 9018 §4.3: the timestamp says how long a server cookie is good, and when it is renewed. §4.4: its hash
// covers all the rest. The scheme itself is held against the RFC's examples beside server/answer/cookie.h.
#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kCookie = 10;
const Octets kClient{0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};

Authority authority() {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->cookies = *server::CookieSecrets::parse("e5e973e5a6b2a43f48e7dc849e37bfcf\n", "secret");
  return Authority({zone("k.test", R"("www": {"A": "192.0.2.1"})")}, {}, policy);
}

// The whole option that comes back, over both transports.
Octets answer_to(Authority& a, const Octets& cookie) {
  Octets back;
  for (const auto transport : {kUdp, kTcp}) {
    const auto m = a.ask("www.k.test.", type::kA, {.options = {{kCookie, cookie}}}, transport);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.answer.size() == 1);
    REQUIRE(m.option(kCookie) != nullptr);
    REQUIRE(m.option(kCookie)->data.size() == 24);
    CHECK((back.empty() || back == m.option(kCookie)->data));
    back = m.option(kCookie)->data;
  }
  return back;
}

std::uint32_t timestamp(const Octets& option) {
  return std::uint32_t{option[12]} << 24 | std::uint32_t{option[13]} << 16 | std::uint32_t{option[14]} << 8 |
         option[15];
}

std::uint32_t now_s(Authority& a) {
  return server::cookie_time(a.clock().wall_now());
}

}  // namespace

TEST_CASE("RFC 9018 §4: a server cookie is version 1, three octets of zero, the time, and a hash") {
  auto a = authority();
  const Octets fresh = answer_to(a, kClient);
  CHECK(Octets(fresh.begin(), fresh.begin() + 8) == kClient);
  CHECK(Octets(fresh.begin() + 8, fresh.begin() + 12) == Octets{1, 0, 0, 0});
  CHECK(timestamp(fresh) == now_s(a));
}

TEST_CASE("RFC 9018 §4.3: for half an hour a cookie comes back as it is") {
  auto a = authority();
  const Octets fresh = answer_to(a, kClient);
  for (int minute = 0; minute <= 30; minute += 5) {
    CHECK(answer_to(a, fresh) == fresh);
    if (minute < 30) a.clock().advance(5min);
  }
}

TEST_CASE("RFC 9018 §4.3: after half an hour it is renewed") {
  auto a = authority();
  const Octets fresh = answer_to(a, kClient);
  a.clock().advance(30min + 1s);
  const Octets renewed = answer_to(a, fresh);
  CHECK(renewed != fresh);
  CHECK(timestamp(renewed) == now_s(a));
  CHECK(answer_to(a, renewed) == renewed);
}

TEST_CASE("RFC 9018 §4.3: an hour after it was made it is none") {
  // RFC 7873 §5.4 tells what the server thinks of a cookie: a query without a question.
  const auto state = [](Authority& a, const Octets& option) {
    const auto back = a.raw(Packet().options({{kCookie, option}}).wire());
    const auto m = parse_message(back);
    REQUIRE(m.has_value());
    return m->rcode;
  };
  auto a = authority();
  const Octets fresh = answer_to(a, kClient);
  a.clock().advance(60min);
  CHECK(state(a, fresh) == rcode::kNoError);
  a.clock().advance(1s);
  CHECK(state(a, fresh) == rcode::kBadCookie);
  CHECK(timestamp(answer_to(a, fresh)) == now_s(a));
}

TEST_CASE("RFC 9018 §4.4: a cookie with any octet changed is replaced") {
  auto a = authority();
  const Octets fresh = answer_to(a, kClient);
  a.clock().advance(1s);  // so that a new cookie differs from the old one
  for (std::size_t i = 8; i < fresh.size(); ++i) {
    INFO("octet " << i);
    Octets changed = fresh;
    changed[i] ^= 0x01;
    CHECK(timestamp(answer_to(a, changed)) == now_s(a));
  }
  CHECK(answer_to(a, fresh) == fresh);
}

}  // namespace gslbd::test
