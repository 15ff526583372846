// SPDX-License-Identifier: Apache-2.0
#include "zones/master_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tests/support/catch.h"
#include "zones/rdata.h"
#include "zones/zone_file.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

std::string import(std::string_view text) {
  auto json = master_to_json(text, nullptr);
  return json ? *json : json.error().message;
}

ZoneData load(const std::string& json) {
  Diagnostics d;
  auto zone = read_zone_text(json, "z.json", {}, d);
  for (const auto& each : d.all()) UNSCOPED_INFO(each.to_string());
  REQUIRE(zone.has_value());
  REQUIRE_FALSE(d.has_errors());
  return std::move(zone->data);
}

// The zone as sorted master file lines: equal for equal RRsets.
std::vector<std::string> lines_of(const ZoneData& zone) {
  std::vector<std::string> lines;
  for (const auto& e : zone.entries()) {
    const Name owner = Name::from_wire(zone.owner(e)).value();
    zone.for_each_rdata(
        e, [&](auto rdata) { lines.push_back(rr_to_master_line(owner, e.ttl_s, e.type, rdata)); });
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

// Texts of every kind of type, with `n` to tell them apart.
std::string random_rdata(const std::string& type, unsigned n) {
  const std::string digits = fmt::format("{:064x}", n);
  if (type == "A") return fmt::format("192.0.2.{}", n % 256);
  if (type == "AAAA") return fmt::format("2001:db8::{:x}", n % 65536);
  if (type == "MX") return fmt::format("{} mail{}", n % 65536, n);
  if (type == "TXT") return fmt::format("\"s {}\" \"\\{:03};\\\"()@$\" \"\"", n, n % 256);
  if (type == "SRV") return fmt::format("{} 2 3 t{}.net.", n % 65536, n);
  if (type == "CAA") return fmt::format("0 issue \"ca{}; x=y\"", n);
  if (type == "TLSA") return "3 1 1 " + digits;
  if (type == "SSHFP") return "1 2 " + digits;
  if (type == "DS") return fmt::format("{} 13 2 {}", n % 65536, digits);
  if (type == "NAPTR")
    return fmt::format("{} 50 \"s\" \"SIP+D2U\" \"!^.*$!sip:{}@ex!\" _sip._udp", n % 65536, n);
  if (type == "HTTPS")
    return fmt::format("{} svc{} alpn=h2,h3 port={} ipv4hint=192.0.2.1", 1 + n % 65535, n, n % 65536);
  if (type == "SVCB") return fmt::format("0 svc{}.net.", n);
  if (type == "LOC") return fmt::format("52 22 {}.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", n % 60);
  if (type == "TYPE65534") return fmt::format("\\# 4 {:08x}", n);
  if (type == "PTR") return fmt::format("a\\.b\\{:03}.net.", n % 256);
  return fmt::format("h{}", n);  // RP has two
}

std::string random_zone(std::mt19937& random) {
  const std::vector<std::string> types = {"A",  "AAAA", "MX",    "TXT",   "SRV",  "CAA", "TLSA",     "SSHFP",
                                          "DS", "PTR",  "NAPTR", "HTTPS", "SVCB", "LOC", "TYPE65534"};
  Json records;
  records["@"] = {{"NS", {"ns1", "ns2.net."}}};
  const char* odd[] = {"*", "a\\.b", "\\064x", "UPPER", "_sip._tcp", "\\$x", "x\\000y"};
  for (unsigned i = 0; i < 30; ++i) {
    Json owner;
    for (auto t = 1 + random() % 4; t > 0; --t) {
      const std::string& type = types[random() % types.size()];
      Json data = Json::array();
      for (auto k = 1 + random() % 3; k > 0; --k)
        data.push_back(random_rdata(type, static_cast<unsigned>(random())));
      owner[type] = random() % 2 == 0 ? data : Json{{"data", data}, {"ttl", random() % 5 * 60}};
    }
    if (random() % 3 == 0) owner["ttl"] = random() % 2147483648U;
    records[random() % 4 == 0 ? fmt::format("{}.n{}", odd[random() % 7], i) : fmt::format("n{}", i)] = owner;
  }
  const Json zone = {{"zone", "ex.test"}, {"records", records}, {"soa", {{"serial", random()}, {"ttl", 60}}}};
  return zone.dump();
}

}  // namespace

TEST_CASE("a label that is an at sign is refused where ldns would read the origin, and only there") {
  const std::string soa = "$ORIGIN t.\n@ 60 IN SOA ns hostmaster 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
  CHECK(import(soa + "a 60 MX 5 \\064.x.t.\n").find("line 5: ") != std::string::npos);
  CHECK(import(soa + "\\@ 60 A 192.0.2.2\n").find("line 5: ") != std::string::npos);
  for (const char* fine : {"a 60 TXT \"write to me \\@ home\"\n", "a 60 A 192.0.2.2 ; ask root \\@ example\n",
                           "a 60 MX 5 b\\@c.t.\n", "a 60 TXT \"quote \\\" \\064 \"\n"}) {
    INFO(fine);
    CHECK(import(soa + fine).find("\"a\":") != std::string::npos);
  }
}

TEST_CASE("a master file becomes a zone file that people would write") {
  CHECK(import("$ORIGIN example.com.\n"
               "$TTL 5m\n"
               "@   1h IN SOA ns1 hostmaster ( 2024010101 ; serial\n"
               "           1h 10m 2w 5 )\n"
               "       IN NS  ns1\n"
               "       IN NS  ns.example.net.\n"
               "       MX 10 mail\n"
               "ns1    A 192.0.2.1\n"
               "       60 AAAA 2001:db8::1\n"
               "mail 60 A 192.0.2.2\n"
               "$ORIGIN sub.example.com.\n"
               "*      TXT \"a b\" c ; comment\n"
               "www.example.com. CNAME @\n") == R"({
  "zone": "example.com",
  "ttl": "5m",
  "soa": {"mname": "ns1", "rname": "hostmaster", "serial": 2024010101, "refresh": "1h", "retry": "10m", "expire": "14d", "minimum": "5s", "ttl": "1h"},
  "records": {
    "@": {"NS": ["ns1", "ns.example.net."], "MX": "10 mail"},
    "ns1": {"A": "192.0.2.1", "AAAA": {"data": "2001:db8::1", "ttl": "1m"}},
    "mail": {"A": "192.0.2.2", "ttl": "1m"},
    "*.sub": {"TXT": "\"a b\" \"c\""},
    "www": {"CNAME": "sub"}
  }
}
)");
}

TEST_CASE("the origin may come from outside the file") {
  const Name origin = Name::parse("example.org.").value();
  const auto json = master_to_json("@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n", &origin);
  REQUIRE(json.has_value());
  CHECK(json->find("\"zone\": \"example.org\"") != std::string::npos);
}

TEST_CASE("a master file that cannot be read says where and why") {
  const std::string soa = "$ORIGIN e.\n@ 60 SOA a b 1 2 3 4 5\n";
  CHECK(import("") == "there is no SOA: it names the zone");
  CHECK(import("@ 60 SOA a b 1 2 3 4 5\n") == "there is no $ORIGIN: give the zone's name");
  CHECK(import("www.e. 60 A 192.0.2.1\n") == "there is no SOA: it names the zone");
  CHECK(import(soa + "\n\nwww A 192.0.2\n").starts_with("line 5: "));
  CHECK(import(soa + "$INCLUDE other\n") ==
        "line 3: $INCLUDE is not supported: put the files together first");
  CHECK(import(soa + "$ORIGIN sub\n") == "line 3: $ORIGIN needs a name with a final dot");
  CHECK(import(soa + "@ 60 SOA a b 1 2 3 4 5\n") == "line 3: a second SOA");
  const std::string at = "a name that begins with the label \"@\" cannot be read";
  CHECK(import("$ORIGIN @.e.\n@ 60 SOA a b 1 2 3 4 5\n") == "line 1: " + at);
  CHECK(import(soa + "@.www 60 A 192.0.2.1\n") == "line 3: " + at);
  CHECK(import(soa + "\\064.www 60 A 192.0.2.1\n") == "line 3: " + at);
  CHECK(import(soa + "www 60 MX 1 @.mail\n") == "line 3: " + at);
  CHECK_FALSE(import(soa + "www 60 TXT \"@.www\" a@.b \"over\n @.lines\" ; @.c\n").ends_with(at));
  CHECK(import(soa + "www CH A 192.0.2.1\n") == "line 3: the class is not IN");
  CHECK(import(soa + "www 2147483648 A 192.0.2.1\n") ==
        "line 3: the TTL 2147483648 is outside 0 to 2147483647");
  CHECK(import(soa + "www.org. A 192.0.2.1\n") == "www.org. is outside the zone e.");
  CHECK(import(soa + std::string("a\0b A 192.0.2.1\n", 16)) == "line 3: it has a NUL");
  CHECK(import(soa + "x TXT " + std::string(20000, 'x') + "\n").starts_with("line 3: "));
}

TEST_CASE("malformed RDATA in a master file is refused with its line") {
  const std::string start = "$ORIGIN e.\n";
  std::string letters;
  for (int i = 0; i < 20; ++i) letters += "61";
  CHECK(import(start + "@ 60 IN SOA \\# 22 14" + letters + "00\n") ==
        "line 2: the RDATA is not well formed for the type SOA");
  CHECK(import(start + "@ 60 IN SOA \\# 22 0361626300 0361626300 000000000000000000000000\n") ==
        "line 2: the RDATA is not well formed for the type SOA");
  const std::string soa = start + "@ 60 SOA a b 1 2 3 4 5\n";
  CHECK(import(soa + "@ 60 NS a\nt 60 IN MX \\# 2 000a\n") ==
        "line 4: the RDATA is not well formed for the type MX");
  for (const char* rdata : {"NS \\# 0", "A \\# 0", "TXT \\# 0", "SRV \\# 4 00000001", "DS \\# 0"}) {
    CAPTURE(rdata);
    CHECK(import(soa + "t 60 IN " + rdata + "\n").starts_with("line 3: "));
  }
}

TEST_CASE("an SOA with numbers above 2^31-1 is written as one string") {
  const auto json = import(
      "$ORIGIN e.\n@ 60 SOA a b.x. 1 2147483648 3 4294967295 5\n@ 30 NS a\na 30 A 192.0.2.1\n"
      "b 60 A 192.0.2.1\nb 60 TXT x\n");
  CHECK(json.find("\"soa\": \"a b.x. 1 2147483648 3 4294967295 5\"") != std::string::npos);
  CHECK(joined(lines_of(load(json))) ==
        "a.e.\t30\tIN\tA\t192.0.2.1\nb.e.\t60\tIN\tA\t192.0.2.1\nb.e.\t60\tIN\tTXT\t\"x\"\n"
        "e.\t30\tIN\tNS\ta.e.\ne.\t60\tIN\tSOA\ta.e. b.x. 1 2147483648 3 4294967295 5\n");
}

TEST_CASE("several TTLs in one RRset become the lowest (RFC 2181 §5.2)") {
  const auto lines = lines_of(load(import("$ORIGIN e.\n@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n@ 30 NS b\n")));
  CHECK(joined(lines) ==
        "e.\t30\tIN\tNS\ta.e.\ne.\t30\tIN\tNS\tb.e.\ne.\t60\tIN\tSOA\ta.e. b.e. 1 2 3 4 5\n");
}

TEST_CASE("random zones of all types survive the way out and in again") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U);
  std::mt19937 random(seed);
  const ZoneData zone = load(random_zone(random));
  const auto lines = lines_of(zone);
  CAPTURE(seed);
  const auto json = master_to_json(joined(lines), nullptr);
  if (!json) FAIL(json.error().message);
  CHECK(lines_of(load(*json)) == lines);
}

TEST_CASE("a damaged master file is read or refused, never worse") {
  std::mt19937 random(3);
  const std::string text = joined(lines_of(load(random_zone(random))));
  const std::string alphabet = "09aZ.\\\"() ;$@\n\t\xff";
  for (int i = 0; i < 300; ++i) {
    std::string damaged = text;
    for (int edits = 0; edits < 3; ++edits)
      damaged[random() % damaged.size()] = alphabet[random() % alphabet.size()];
    if (i % 3 == 0) damaged.resize(random() % damaged.size());
    const auto json = master_to_json(damaged, nullptr);
    if (!json) continue;
    Diagnostics d;
    (void)read_zone_text(*json, "z.json", {}, d);
    for (const auto& each : d.all()) CHECK_FALSE(each.where.starts_with("line"));  // always well-formed JSON
  }
}
