// SPDX-License-Identifier: Apache-2.0
// Random zones, random queries: the responder against the reference, section by section. A failing seed is
// printed and runs alone with GSLBD_SEED.
#include <cstdlib>

#include "core/json.h"
#include "core/random.h"
#include "tests/server/answer/fixture.h"
#include "tests/server/answer/reference.h"
#include "tests/support/catch.h"
#include "zones/rdata.h"

using namespace gslbd;
using namespace gslbd::test;

namespace {

// Few labels, so that names meet: ancestors, wildcards and cuts fall on one another.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::vector<ReferenceZone> zones() {
    // Nested and unrelated apexes: the longest match has to decide.
    const std::vector<std::string> apexes{"z.test", "a.z.test", "b.a.z.test", "other.example"};
    std::vector<ReferenceZone> out;
    for (const auto& apex : apexes) {
      if (out.empty() || random_.below(2) == 0) out.push_back(zone(to_labels(apex)));
    }
    return out;
  }

  Labels query_name() {
    const char* const kTails[] = {"z.test", "a.z.test", "b.a.z.test", "other.example", "test", "elsewhere"};
    return below(to_labels(kTails[random_.below(6)]), random_.below(5));
  }

  std::string query_type() {
    const char* const kTypes[] = {"A", "AAAA", "TXT", "MX", "NS", "CNAME", "DS", "SOA", "DNAME"};
    return kTypes[random_.below(9)];
  }

 private:
  Labels below(Labels tail, std::uint32_t depth) {
    const char* const kLabels[] = {"a", "b", "c", "*"};
    for (; depth > 0; --depth) tail.insert(tail.begin(), kLabels[random_.below(depth == 1 ? 4 : 3)]);
    return tail;
  }

  ReferenceZone zone(const Labels& apex) {
    ReferenceZone z;
    z.apex = apex;
    z.soa = "ns." + to_text(apex) + " hostmaster." + to_text(apex) + " 1 3600 600 1209600 5";
    z.data[apex]["SOA"] = {z.soa};
    z.data[apex]["NS"] = {"ns.elsewhere."};
    for (std::uint32_t n = random_.below(14); n > 0; --n) add_owner(z, below(apex, 1 + random_.below(4)));
    return z;
  }

  void add_owner(ReferenceZone& z, const Labels& owner) {
    auto& here = z.data[owner];
    if (!here.empty()) return;
    const std::uint32_t kind = random_.below(10);
    const auto number = [&] { return std::to_string(1 + random_.below(250)); };
    if (kind < 2) {
      here["CNAME"] = {to_text(query_name())};
      return;
    }
    if (kind < 4 && owner[0] != "*") {
      here["NS"] = {to_text(below(z.apex, 1 + random_.below(3)))};
      if (random_.below(2) == 0) here["NS"].push_back("ns" + number() + ".elsewhere.");
      if (random_.below(2) == 0) here["DS"] = {number() + " 13 2 " + std::string(64, 'a')};
      if (random_.below(2) == 0) here["A"] = {"192.0.2." + number()};  // occluded by its own cut
      return;
    }
    if (kind == 4 && owner[0] != "*") here["DNAME"] = {to_text(query_name())};
    here["A"] = {"192.0.2." + number()};
    if (random_.below(2) == 0) here["AAAA"] = {"2001:db8::" + number()};
    if (random_.below(3) == 0) here["TXT"] = {"\"text " + number() + "\""};
    if (random_.below(3) == 0) here["MX"] = {"10 " + to_text(query_name())};
  }

  Random random_;
};

std::string as_zone_file(const ReferenceZone& z) {
  Json records = Json::object();
  for (const auto& [owner, types] : z.data) {
    for (const auto& [type, rdata] : types) {
      if (type != "SOA") records[to_text(owner)][type] = rdata;
    }
  }
  return Json{{"zone", to_text(z.apex)}, {"ttl", z.ttl}, {"soa", z.soa}, {"records", records}}.dump();
}

void run(std::uint64_t seed) {
  INFO("GSLBD_SEED=" << seed);
  Generator generator(seed);
  const auto zones = generator.zones();
  std::vector<std::string> files;
  for (const auto& z : zones) files.push_back(as_zone_file(z));
  Authority server(files);
  for (int i = 0; i < 60; ++i) {
    const Labels name = generator.query_name();
    const std::string type = generator.query_type();
    const auto want = reference_answer(zones, name, type);
    const auto got =
        server.ask(to_text(name), *gslbd::zones::type_from_text(type), {}, server::Transport::tcp);
    INFO(to_text(name) << " " << type);
    for (const auto& file : files) UNSCOPED_INFO(file);
    REQUIRE(got.rcode == want.rcode);
    REQUIRE(got.aa == want.aa);
    REQUIRE(got.answer == want.answer);
    REQUIRE(got.authority == want.authority);
    REQUIRE(got.additional == want.additional);
  }
}

}  // namespace

TEST_CASE("the responder equals the reference on random zones") {
  if (const char* seed = std::getenv("GSLBD_SEED")) return run(std::strtoull(seed, nullptr, 10));
  for (std::uint64_t seed = 1; seed <= 400; ++seed) run(seed);
}
