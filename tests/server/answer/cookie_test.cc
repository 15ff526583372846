// SPDX-License-Identifier: Apache-2.0
#include "server/answer/cookie.h"

#include <algorithm>
#include <string>

#include "core/random.h"
#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

using Octets = std::vector<std::uint8_t>;
using ClientCookie = std::array<std::uint8_t, CookieSecrets::kClientCookie>;

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kOtherSecret = "445536bcd2513298075a5d379663c962";
constexpr ClientCookie kClient = {0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};
constexpr std::uint32_t kNow = 1559731985;  // 2019-06-05 10:53:05 UTC

Octets octets(std::string_view hex) {
  Octets out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

CookieSecrets secrets(const std::string& text) {
  const auto parsed = CookieSecrets::parse(text, "cookies");
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::string refusal(std::string_view text) {
  const auto parsed = CookieSecrets::parse(text, "cookies");
  return parsed ? "accepted" : parsed.error().message;
}

Address address(std::string_view text) {
  return *Address::parse(text);
}

// The state of a whole COOKIE option, client cookie and server cookie.
CookieState state(const CookieSecrets& s, const Octets& option, const Address& client, std::uint32_t now_s) {
  const std::span<const std::uint8_t> all(option);
  return s.verify(all.first<8>(), all.subspan(8), client, now_s);
}

// The whole option that answers `option`.
Octets answer(const CookieSecrets& s, const Octets& option, const Address& client, std::uint32_t now_s) {
  Octets out(option.begin(), option.begin() + 8);
  const auto made = s.make(std::span<const std::uint8_t>(option).first<8>(), client, now_s);
  out.insert(out.end(), made.begin(), made.end());
  return out;
}

// The state after `later_s` of a cookie made at `made_s`.
CookieState state_after(std::uint32_t made_s, std::int64_t later_s) {
  const auto s = secrets(kSecret);
  const Address client = address("192.0.2.1");
  const auto cookie = s.make(kClient, client, made_s);
  return s.verify(kClient, cookie, client, made_s + static_cast<std::uint32_t>(later_s));
}

}  // namespace

TEST_CASE("RFC 9018 appendix A.1: a client learns a server cookie") {
  const Address client = address("198.51.100.100");
  const Octets query = octets("2464c4abcf10c957");
  CHECK(state(secrets(kSecret), query, client, kNow) == CookieState::client_only);
  CHECK(answer(secrets(kSecret), query, client, kNow) ==
        octets("2464c4abcf10c957010000005cf79f111f8130c3eee29480"));
}

TEST_CASE("RFC 9018 appendix A.2: forty minutes later it gets a fresh one") {
  const Address client = address("198.51.100.100");
  const Octets query = octets("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
  CHECK(state(secrets(kSecret), query, client, 1559734385) == CookieState::valid_renew);
  CHECK(answer(secrets(kSecret), query, client, 1559734385) ==
        octets("2464c4abcf10c957010000005cf7a871d4a564a1442aca77"));
}

TEST_CASE("RFC 9018 appendix A.3: reserved octets that are not zero are hashed as they came") {
  const Address client = address("203.0.113.203");
  const Octets query = octets("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
  constexpr std::uint32_t kMade = 1559727985;
  CHECK(state(secrets(kSecret), query, client, kMade) == CookieState::valid);
  CHECK(state(secrets(kSecret), query, client, 1559734700) == CookieState::invalid);  // almost two hours old
  CHECK(answer(secrets(kSecret), query, client, 1559734700) ==
        octets("fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
}

TEST_CASE("RFC 9018 appendix A.4: over IPv6, with a secret that was rolled over") {
  const auto rolled = secrets(std::string(kOtherSecret) + "\ndd3bdf9344b678b185a6f5cb60fca715\n");
  const Address client = address("2001:db8:220:1:59de:d0f4:8769:82b8");
  const Octets query = octets("22681ab97d52c298010000005cf7c57926556bd0934c72f8");
  CHECK(state(rolled, query, client, 1559741961) == CookieState::valid_renew);
  CHECK(answer(rolled, query, client, 1559741961) ==
        octets("22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
}

TEST_CASE("a cookie is good for an hour, and renewed after half of one") {
  CHECK(state_after(kNow, 0) == CookieState::valid);
  CHECK(state_after(kNow, 1800) == CookieState::valid);
  CHECK(state_after(kNow, 1801) == CookieState::valid_renew);
  CHECK(state_after(kNow, 3600) == CookieState::valid_renew);
  CHECK(state_after(kNow, 3601) == CookieState::invalid);
}

TEST_CASE("a cookie from a clock that is ahead is good for five minutes") {
  CHECK(state_after(kNow, -1) == CookieState::valid);
  CHECK(state_after(kNow, -300) == CookieState::valid);
  CHECK(state_after(kNow, -301) == CookieState::invalid);
}

TEST_CASE("timestamps are serial numbers: the year 2106 is no different") {
  for (const std::uint32_t made :
       {0U, 1U, 299U, 0x7ffffff0U, 0x80000000U, 0xffffff00U, 0xfffff000U, 0xffffffffU}) {
    INFO(made);
    CHECK(state_after(made, 1800) == CookieState::valid);
    CHECK(state_after(made, 3600) == CookieState::valid_renew);
    CHECK(state_after(made, 3601) == CookieState::invalid);
    CHECK(state_after(made, -300) == CookieState::valid);
    CHECK(state_after(made, -301) == CookieState::invalid);
    CHECK(state_after(made, 0x7fffffff) == CookieState::invalid);
    CHECK(state_after(made, 0x80000000) == CookieState::invalid);
    CHECK(state_after(made, 0x80000001) == CookieState::invalid);
  }
}

TEST_CASE("the timestamp is the wall clock's seconds modulo 2^32") {
  const auto at = [](std::int64_t s) { return cookie_time(WallTime(std::chrono::seconds(s))); };
  CHECK(at(0) == 0);
  CHECK(at(kNow) == kNow);
  CHECK(at((std::int64_t{1} << 32) + 5) == 5);  // in 2106
}

TEST_CASE("a cookie belongs to one client cookie and one address") {
  const auto s = secrets(kSecret);
  const Address client = address("192.0.2.1");
  const auto cookie = s.make(kClient, client, kNow);
  CHECK(s.verify(kClient, cookie, client, kNow) == CookieState::valid);
  CHECK(s.verify(kClient, cookie, address("192.0.2.2"), kNow) == CookieState::invalid);
  CHECK(s.verify(kClient, cookie, address("::ffff:192.0.2.1"), kNow) == CookieState::invalid);
  CHECK(s.verify(kClient, cookie, address("c000:201::"), kNow) == CookieState::invalid);
  ClientCookie other = kClient;
  other[7] ^= 1;
  CHECK(s.verify(other, cookie, client, kNow) == CookieState::invalid);
}

TEST_CASE("every octet of an IPv6 address counts") {
  const auto s = secrets(kSecret);
  std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
  const auto cookie = s.make(kClient, Address::from_v6(bytes), kNow);
  CHECK(s.verify(kClient, cookie, Address::from_v6(bytes), kNow) == CookieState::valid);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 0x80;
    CHECK(s.verify(kClient, cookie, Address::from_v6(bytes), kNow) == CookieState::invalid);
    bytes[i] ^= 0x80;
  }
}

TEST_CASE("a cookie with any bit changed is not ours") {
  const auto s = secrets(std::string(kSecret) + "\n" + kOtherSecret);
  const Address client = address("192.0.2.1");
  auto cookie = s.make(kClient, client, kNow);
  for (std::size_t bit = 0; bit < cookie.size() * 8; ++bit) {
    INFO("bit " << bit);
    cookie[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
    CHECK(s.verify(kClient, cookie, client, kNow) == CookieState::invalid);
    cookie[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
  }
}

TEST_CASE("server cookies of other lengths and versions are not ours") {
  const auto s = secrets(kSecret);
  const Address client = address("192.0.2.1");
  const auto ours = s.make(kClient, client, kNow);
  for (std::size_t length = 1; length <= 40; ++length) {
    Octets cookie(length);
    std::copy_n(ours.begin(), std::min(length, ours.size()), cookie.begin());
    INFO("length " << length);
    CHECK(s.verify(kClient, cookie, client, kNow) ==
          (length == 16 ? CookieState::valid : CookieState::invalid));
  }
}

TEST_CASE("a secret is rolled over without any cookie being refused") {
  const std::string old_one = kSecret;
  const std::string new_one = kOtherSecret;
  // RFC 9018 §5: what servers hold at each stage; two neighbours are in use at the same time.
  const CookieSecrets stages[] = {secrets(old_one), secrets(old_one + "\n" + new_one),
                                  secrets(new_one + "\n" + old_one), secrets(new_one)};
  const Address client = address("192.0.2.1");
  for (std::size_t i = 0; i + 1 < std::size(stages); ++i) {
    INFO("between stages " << i << " and " << i + 1);
    const auto before = stages[i].make(kClient, client, kNow);
    const auto after = stages[i + 1].make(kClient, client, kNow);
    CHECK(stages[i + 1].verify(kClient, before, client, kNow) ==
          (before == after ? CookieState::valid : CookieState::valid_renew));
    CHECK(stages[i].verify(kClient, after, client, kNow) ==
          (before == after ? CookieState::valid : CookieState::valid_renew));
  }
  CHECK(stages[3].verify(kClient, stages[0].make(kClient, client, kNow), client, kNow) ==
        CookieState::invalid);
}

TEST_CASE("a file of secrets may have comments, blanks and lines that end in CR LF") {
  const auto plain = secrets(std::string(kSecret) + "\n" + kOtherSecret + "\n");
  CHECK(plain.size() == 2);
  CHECK(secrets(std::string("# ns1 and ns2\r\n\r\n  ") + kSecret + "\t# since May\r\n#\r\n" + kOtherSecret) ==
        plain);
  std::string upper = kSecret;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  CHECK(secrets(upper) == secrets(kSecret));
}

TEST_CASE("a file of secrets that is wrong is refused by line, and its content is not told") {
  const std::string good = kSecret;
  CHECK(refusal("") == "cookies: there is no secret in it");
  CHECK(refusal("# none yet\n\n") == "cookies: there is no secret in it");
  CHECK(refusal(good + "\n\n" + good.substr(1)) ==
        "cookies:3: a secret is 32 hexadecimal digits, here are 31 characters");
  CHECK(refusal(good + good) == "cookies:1: a secret is 32 hexadecimal digits, here are 64 characters");
  CHECK(refusal("#\n" + good.substr(0, 30) + "0x") == "cookies:2: character 32 is no hexadecimal digit");
  CHECK(refusal("g" + good.substr(1)) == "cookies:1: character 1 is no hexadecimal digit");
  CHECK(refusal(good.substr(0, 16) + " " + good.substr(17)) ==
        "cookies:1: character 17 is no hexadecimal digit");
  CHECK(refusal(good + "\n" + good) == "cookies:2: this secret stands in the file already");
  std::string many;
  for (char c = '0'; c <= '4'; ++c) many += std::string(32, c) + "\n";
  CHECK(refusal(many) == "cookies:5: more than 4 secrets");
  CHECK(refusal(std::string(32, '\0')) == "cookies:1: character 1 is no hexadecimal digit");
}

TEST_CASE("no text makes the reader of secrets fail otherwise than by saying so") {
  using namespace std::string_view_literals;
  constexpr std::string_view kAlphabet = "0123456789abcdefABCDEFg# \t\r\n\0\xff"sv;
  Random random(1);
  const auto any = [&](std::size_t of) { return kAlphabet[random.below(static_cast<std::uint32_t>(of))]; };
  int good = 0;
  for (int round = 0; round < 20000; ++round) {
    // Lines of secrets with some characters spoilt, of a length that may cut the last one.
    std::string text(random.below(4) == 0 ? random.below(140) : 33 * random.below(6), '\n');
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i % 33 != 32) text[i] = random.below(80) == 0 ? any(kAlphabet.size()) : any(16);
    }
    const auto parsed = CookieSecrets::parse(text, "f");
    if (parsed) {
      ++good;
      REQUIRE(parsed->size() >= 1);
      REQUIRE(parsed->size() <= CookieSecrets::kMaxSecrets);
    } else {
      REQUIRE(parsed.error().message.substr(0, 2) == "f:");
    }
  }
  CHECK(good > 1000);
}

TEST_CASE("a secret of one's own is different each time") {
  const auto a = CookieSecrets::random();
  const auto b = CookieSecrets::random();
  CHECK(a.size() == 1);
  CHECK_FALSE(a == b);
  const Address client = address("2001:db8::1");
  const auto cookie = a.make(kClient, client, kNow);
  CHECK(a.verify(kClient, cookie, client, kNow) == CookieState::valid);
  CHECK(b.verify(kClient, cookie, client, kNow) == CookieState::invalid);
}

}  // namespace gslbd::server
