// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_directory.h"

#include <random>

#include "tests/support/catch.h"
#include "tests/zones/zone_text.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

struct Zones {
  explicit Zones(const std::vector<std::string>& apexes) {
    for (const std::string& apex : apexes) {
      zones.push_back(
          test::zone_from(R"({"zone": ")" + apex + R"(", "records": {"@": {"NS": ["a.x.", "b.x."]}}})"));
      list.push_back(zones.back().get());
    }
    directory = ZoneDirectory(list);
  }

  // The apex of the zone that the name belongs to; empty: none.
  std::string find(const std::string& name, std::size_t skip = 0) const {
    const std::uint32_t index = directory.find(QueryName(Name::parse(name).value()), skip);
    return index == ZoneDirectory::kNone ? "" : list[index]->apex().to_string();
  }

  // The same by looking at every zone.
  std::string find_slowly(const Name& name) const {
    const Zone* best = nullptr;
    for (const Zone* zone : list) {
      const bool longer = best == nullptr || zone->apex_length() > best->apex_length();
      if (name.is_within(zone->apex()) && longer) best = zone;
    }
    return best == nullptr ? "" : best->apex().to_string();
  }

  std::vector<std::shared_ptr<const Zone>> zones;
  std::vector<const Zone*> list;
  ZoneDirectory directory;
};

}  // namespace

TEST_CASE("a name belongs to the zone with the longest apex it ends in") {
  const Zones zones({"example.com", "sub.example.com", "example.org", "a.b.c.d.example.org"});
  CHECK(zones.find("example.com.") == "example.com.");
  CHECK(zones.find("www.example.com.") == "example.com.");
  CHECK(zones.find("www.SUB.example.com.") == "sub.example.com.");
  CHECK(zones.find("sub.example.com.", 1) == "example.com.");
  CHECK(zones.find("d.example.org.") == "example.org.");
  CHECK(zones.find("x.a.b.c.d.example.org.") == "a.b.c.d.example.org.");
  CHECK(zones.find("com.") == "");
  CHECK(zones.find(".") == "");
  CHECK(zones.find("example.net.") == "");
  CHECK(zones.find("notexample.com.") == "");
  CHECK(zones.find("example.com.", 2) == "");
  CHECK(zones.find("example.com.", 3) == "");  // above the root
}

TEST_CASE("no zone has no names, the root zone has all") {
  CHECK(ZoneDirectory().find(QueryName(Name::parse("example.com.").value())) == ZoneDirectory::kNone);
  CHECK(Zones({}).find(".") == "");
  const Zones root({"."});
  CHECK(root.find(".") == ".");
  CHECK(root.find("a.b.c.") == ".");
  CHECK(root.find("a.", 1) == ".");
  CHECK(root.find(".", 1) == "");
}

TEST_CASE("many zones of many depths: the directory finds what a look at every zone finds") {
  std::minstd_rand random(7);
  const auto random_name = [&](std::size_t labels) {
    std::string name;
    for (std::size_t i = 0; i < labels; ++i)
      name += std::string(1, static_cast<char>('a' + random() % 3)) + ".";
    return name.empty() ? "." : name;
  };
  std::vector<std::string> apexes;
  for (int i = 0; i < 60; ++i) apexes.push_back(random_name(2 + random() % 4));
  std::sort(apexes.begin(), apexes.end());
  apexes.erase(std::unique(apexes.begin(), apexes.end()), apexes.end());
  const Zones zones(apexes);
  for (int i = 0; i < 2000; ++i) {
    const Name name = Name::parse(random_name(random() % 8)).value();
    INFO(name.to_string());
    CHECK(zones.find(name.to_string()) == zones.find_slowly(name));
  }
}
