// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "zones/diagnostics_budget.h"
#include "zones/limits.h"
#include "zones/rdata.h"
#include "zones/zone_builder.h"
#include "zones/zone_lint.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

const std::string kGolden = std::string(GSLBD_SOURCE_DIR) + "/tests/zones/golden/";

ZoneFileOptions options() {
  ZoneFileOptions o;
  o.pool_known = [](std::string_view pool) { return pool == "global"; };
  o.pool_names = {"global"};
  o.default_serial = 7;
  return o;
}

// Every diagnostic of a zone text, lint included, one a line.
std::string complaints(const std::string& text, const std::string& file) {
  Diagnostics d;
  const auto zone = read_zone_text(text, file, options(), d);
  if (zone && !d.has_errors()) lint(*build_zone(zone->data).value(), file, d);
  std::string out;
  for (const auto& each : d.all()) out += each.to_string() + "\n";
  return out;
}

// The zone as sorted lines "owner ttl type rdata", or the complaints about it.
std::string records(const std::string& text) {
  Diagnostics d;
  const auto zone = read_zone_text(text, "z.json", options(), d);
  if (!zone || d.has_errors()) return complaints(text, "z.json");
  std::vector<std::string> lines;
  for (const auto& e : zone->data.entries()) {
    const std::string start = Name::from_wire(zone->data.owner(e)).value().to_string() + " " +
                              (e.ttl_s == ZoneData::kPoolTtl ? "-" : std::to_string(e.ttl_s));
    if (e.pool != ZoneData::kNoPool) lines.push_back(start + " pool " + zone->data.pools()[e.pool] + "\n");
    zone->data.for_each_rdata(e, [&](auto rdata) {
      lines.push_back(start + " " + type_to_text(e.type) + " " + rdata_to_text(e.type, rdata) + "\n");
    });
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

}  // namespace

TEST_CASE("the zone file of the design reads as it is written") {
  CHECK(records(R"({
    "zone": "Example.com",
    "ttl": "5m",
    "soa": {"mname": "ns1", "rname": "hostmaster", "refresh": "1h", "retry": "10m", "expire": "2w", "minimum": "5s"},
    "pools": {"www": {}},
    "records": {
      "@":         {"NS": ["ns1", "ns2"], "MX": ["10 mail"], "TXT": ["\"v=spf1 -all\""], "pool": "www"},
      "api":       {"pool": {"name": "www", "ttl": "5s"}},
      "NS1":       {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
      "ns2.example.com.": {"A": "198.51.100.1"},
      "shop":      {"CNAME": "www", "ttl": "1h"},
      "_sip._tcp": {"SRV": {"ttl": "1m", "data": ["10 5 5060 sip", "20 5 5060 sip2"]}},
      "*.dev":     {"A": "192.0.2.9", "ttl": 7, "TXT": {"data": "x", "ttl": 8}},
      "odd":       {"TYPE65534": ["\\# 4 0a000001"]}
    }})") ==
        "*.dev.example.com. 7 A 192.0.2.9\n"
        "*.dev.example.com. 8 TXT \"x\"\n"
        "_sip._tcp.example.com. 60 SRV 10 5 5060 sip.example.com.\n"
        "_sip._tcp.example.com. 60 SRV 20 5 5060 sip2.example.com.\n"
        "api.example.com. 5 pool www\n"
        "example.com. - pool www\n"
        "example.com. 300 MX 10 mail.example.com.\n"
        "example.com. 300 NS ns1.example.com.\n"
        "example.com. 300 NS ns2.example.com.\n"
        "example.com. 300 SOA ns1.example.com. hostmaster.example.com. 7 3600 600 1209600 5\n"
        "example.com. 300 TXT \"v=spf1 -all\"\n"
        "ns1.example.com. 300 A 192.0.2.1\n"
        "ns1.example.com. 300 AAAA 2001:db8::1\n"
        "ns2.example.com. 300 A 198.51.100.1\n"
        "odd.example.com. 300 TYPE65534 \\# 4 0a000001\n"
        "shop.example.com. 3600 CNAME www.example.com.\n");
}

TEST_CASE("without a soa key the defaults hold: the first NS, hostmaster, the given serial") {
  CHECK(records(R"({"zone": "e.", "ttl": 9, "records": {"@": {"NS": ["b.x.", "a.x."]}}})") ==
        "e. 9 NS a.x.\ne. 9 NS b.x.\ne. 9 SOA b.x. hostmaster.e. 7 3600 600 1209600 5\n");
}

TEST_CASE("the soa may be one string, and may have its own ttl and serial") {
  CHECK(records(R"({"zone": "e", "soa": "ns h.x. 1 2 3 4 5", "records": {"@": {"NS": "a."}}})") ==
        "e. 300 NS a.\ne. 300 SOA ns.e. h.x. 1 2 3 4 5\n");
  CHECK(records(
            R"({"zone": "e", "soa": {"serial": 4294967295, "ttl": "1m"}, "records": {"@": {"NS": "a."}}})") ==
        "e. 300 NS a.\ne. 60 SOA a. hostmaster.e. 4294967295 3600 600 1209600 5\n");
}

TEST_CASE("the root zone and a zone of the longest name can be read") {
  CHECK(records(R"({"zone": ".", "records": {"@": {"NS": "a."}, "com": {"NS": "b."}}})") ==
        ". 300 NS a.\n. 300 SOA a. hostmaster. 7 3600 600 1209600 5\ncom. 300 NS b.\n");
  const std::string l63(63, 'x');
  const std::string longest = l63 + "." + l63 + "." + l63 + "." + std::string(61, 'x');
  const std::string text = R"({"zone": ")" + longest + R"(", "records": {"@": {"NS": "a."}}})";
  CHECK(records(text).find(longest + ". 300 SOA a. " + longest + ". 7 ") != std::string::npos);
}

TEST_CASE("TTLs from 0 to 2^31-1 (RFC 2181 §8)") {
  CHECK(
      records(
          R"({"zone": "e", "ttl": 0, "records": {"@": {"NS": "a."}, "b": {"A": "1.1.1.1", "ttl": 2147483647}}})")
          .find("b.e. 2147483647 A") != std::string::npos);
  CHECK(records(R"({"zone": "e", "ttl": 2147483648, "records": {"@": {"NS": "a."}}})") ==
        "z.json: /ttl: 2147483648 is outside 0s to 2147483647s\n");
}

TEST_CASE("every kind of mistake has its message") {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  REQUIRE(names.size() >= 10);
  for (const auto& name : names) {
    CAPTURE(name);
    const std::string messages = complaints(read_file(kGolden + name + ".json").value(), name + ".json");
    // GSLBD_UPDATE_GOLDEN=1 writes the messages as they are now, to be reviewed with git diff.
    if (std::getenv("GSLBD_UPDATE_GOLDEN") != nullptr) std::ofstream(kGolden + name + ".txt") << messages;
    std::istringstream got(messages);
    std::istringstream expected(read_file(kGolden + name + ".txt").value_or(""));
    // Line by line, so that a failure shows the line that differs.
    std::string a, b;
    while (true) {
      const bool more_a = static_cast<bool>(std::getline(got, a));
      const bool more_b = static_cast<bool>(std::getline(expected, b));
      if (!more_a && !more_b) break;
      CHECK((more_a ? a : "<nothing>") == (more_b ? b : "<nothing>"));
    }
  }
}

TEST_CASE("an RRset must fit into a message, NS at a zone cut where pointers reach") {
  const auto addresses = [](int n) {
    std::string text = R"({"zone": "e", "records": {"@": {"NS": "a."}, "b": {"A": [)";
    for (int i = 0; i < n; ++i) text += fmt::format("{}\"10.0.{}.{}\"", i == 0 ? "" : ",", i >> 8, i & 255);
    return text + "]}}}";
  };
  // An A record takes 16 octets.
  CHECK(kLargestBlock == 64752);
  CHECK(records(addresses(4047)).find("10.0.15.206") != std::string::npos);
  CHECK(complaints(addresses(4048), "z.json") ==
        "z.json: /records/b/A: the RRset takes 64768 octets, a message carries at most 64752\n");
  const auto servers = [](const char* owner, int n) {
    std::string text =
        R"({"zone": "e", "records": {"@": {"NS": "a."}, ")" + std::string(owner) + R"(": {"NS": [)";
    if (owner == std::string("@")) text = R"({"zone": "e", "records": {"@": {"NS": [)";
    for (int i = 0; i < n; ++i) text += fmt::format("{}\"n{:04}.\"", i == 0 ? "" : ",", i);
    return text + "]}}}";
  };
  // These NS take 19 octets each.
  CHECK(records(servers("sub", 808)).find("sub.e. 300 NS n0807.") != std::string::npos);
  CHECK(complaints(servers("sub", 809), "z.json") ==
        "z.json: /records/sub/NS: the RRset takes 15371 octets, a referral carries at most 15360\n");
  CHECK(records(servers("@", 809)).find("e. 300 NS n0808.") != std::string::npos);
}

TEST_CASE("many pools, and many names of none, are read in time that grows with their number") {
  constexpr int kNames = 30000;
  std::string text = R"({"zone": "e", "records": {"@": {"NS": "a."})";
  for (int i = 0; i < kNames; ++i) text += fmt::format(",\"n{0}\": {{\"pool\": \"pool-number-{0}\"}}", i);
  text += "}}";
  Diagnostics d;
  ZoneFileOptions all;
  all.pool_known = [](std::string_view) { return true; };
  const auto zone = read_zone_text(text, "z.json", all, d);
  REQUIRE(zone.has_value());
  REQUIRE_FALSE(d.has_errors());
  REQUIRE(zone->data.pools().size() == kNames);
  CHECK(zone->data.pools()[zone->data.entries().back().pool] == fmt::format("pool-number-{}", kNames - 1));

  ZoneFileOptions others;
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(fmt::format("pool-numbre-{}", i));
  others.pool_names.assign(names.begin(), names.end());
  REQUIRE(read_zone_text(text, "z.json", others, d).has_value());
  REQUIRE(d.error_count() == kMaxReported + 1);
  CHECK(d.all()[0].message == "there is no pool \"pool-number-0\"; did you mean \"pool-numbre-0\"?");
  CHECK(d.all()[kMaxReported - 1].message.find("did you mean") != std::string::npos);
}

TEST_CASE("of a thousand mistakes a hundred are told and the rest counted") {
  std::string text = R"({"zone": "e", "records": {"@": {"NS": "a."})";
  for (int i = 0; i < 1000; ++i) text += fmt::format(",\"n{}\": {{\"A\": \"x\"}}", i);
  text += "}}";
  const std::string got = complaints(text, "z.json");
  CHECK(std::count(got.begin(), got.end(), '\n') == 101);
  CHECK(got.ends_with("z.json: ... and 900 more errors\n"));
}

TEST_CASE("where the records stand in the file makes no difference") {
  // Behind all that they depend on, the text is read once; before or among it, twice.
  const std::string start = R"({"zone": "e", )";
  const std::string rest = R"("ttl": 60, "soa": {"serial": 9}, "pools": {"own": {"members": []}})";
  const auto all_ways = [&](const std::string& names) {
    const std::string part = R"("records": {"@": {"NS": ["a.", "b."]}, )" + names + "}";
    const std::string last = start + rest + ", " + part + "}";
    CHECK(records(start + part + ", " + rest + "}") == records(last));
    CHECK(records("{" + part + ", " + start.substr(1) + rest + "}") == records(last));
    return records(last);
  };
  const std::string good = all_ways(R"("x": {"pool": "own"}, "y": {"A": "192.0.2.1"})");
  CHECK(good.find("x.e. - pool own\n") != std::string::npos);
  CHECK(good.find("y.e. 60 A 192.0.2.1\n") != std::string::npos);
  CHECK(good.find("e. 60 SOA a. hostmaster.e. 9 ") != std::string::npos);
  CHECK(all_ways(R"("x": {"pool": "other"}, "x": {}, "y": {"A": "1", "A": "2"})") ==
        "z.json: /records/y/A: the key \"A\" stands twice in this object\n"
        "z.json: /records/x/pool: there is no pool \"other\"\n"
        "z.json: /records/x: x.e. stands twice in the records, here as \"x\"\n"
        "z.json: /records/y/A: \"2\" is not an IPv4 address\n");
}

TEST_CASE("truncated at any octet, a zone file is refused and nothing breaks") {
  const std::string text = read_file(kGolden + "lint.json").value();
  for (std::size_t n = 0; n + 2 < text.size(); ++n) {
    Diagnostics d;
    CHECK_FALSE(read_zone_text(text.substr(0, n), "z.json", {}, d).has_value());
    CHECK(d.error_count() == 1);
  }
}

TEST_CASE("the tables list every key for the reference page") {
  CHECK(zone_field_docs().size() == 9);
  CHECK(zone_field_docs()[0].key == "zone");
  CHECK(soa_field_docs().size() == 8);
}
