// SPDX-License-Identifier: Apache-2.0
#include "zones/name.h"

#include <algorithm>
#include <vector>

#include "tests/support/catch.h"
#include "zones/zone_data.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

Name name(std::string_view text) {
  return Name::parse(text).value();
}
std::string why(std::string_view text, const Name& origin = Name()) {
  return Name::parse(text, origin).error().message;
}
std::vector<std::uint8_t> wire(const Name& n) {
  return {n.wire().begin(), n.wire().end()};
}

}  // namespace

TEST_CASE("a name is its labels in wire form, relative ones completed with the origin") {
  CHECK(wire(name("www.Ex.")) == std::vector<std::uint8_t>{3, 'w', 'w', 'w', 2, 'E', 'x', 0});
  CHECK(wire(name(".")) == std::vector<std::uint8_t>{0});
  CHECK(Name::parse("www", name("ex.")).value() == name("www.ex."));
  CHECK(Name::parse("@", name("ex.")).value() == name("ex."));
  CHECK(Name::parse("www.", name("ex.")).value() == name("www."));
}

TEST_CASE("escapes are read and written (RFC 1035 §5.1)") {
  CHECK(wire(name("a\\.b\\032\\@.")) == std::vector<std::uint8_t>{5, 'a', '.', 'b', ' ', '@', 0});
  CHECK(name("a\\.b\\032\\@.c\\255.").to_string() == "a\\.b\\032\\@.c\\255.");
  CHECK(Name::parse("\\@", name("ex.")).value().relative_to(name("ex.")) == "\\@");
}

TEST_CASE("a text that is no name is refused with the reason") {
  CHECK(why("") == "\"\" is not a domain name: it is empty");
  CHECK(why("a..b") == "\"a..b\" is not a domain name: it has an empty label");
  CHECK(why(".a") == "\".a\" is not a domain name: it has an empty label");
  CHECK(why("..") == "\"..\" is not a domain name: it has an empty label");
  CHECK(why("a\\") == "\"a\\\" is not a domain name: a backslash needs a character or \\000 to \\255");
  CHECK(why("a\\256") == "\"a\\256\" is not a domain name: a backslash needs a character or \\000 to \\255");
  CHECK(why("a\\25") == "\"a\\25\" is not a domain name: a backslash needs a character or \\000 to \\255");
  const std::string label(64, 'a');
  CHECK(why(label) == "\"" + label + "\" is not a domain name: a label is longer than 63 octets");
}

TEST_CASE("names end at 255 octets, relative or not, and at labels of 63 (RFC 1035 §2.3.4)") {
  const std::string l63(63, 'x');
  const std::string longest = l63 + "." + l63 + "." + l63 + "." + std::string(61, 'x') + ".";
  CHECK(name(longest).length() == 255);
  CHECK(Name::from_wire(name(longest).wire()).value() == name(longest));
  CHECK(why("y" + longest.substr(1, 190) + "." + l63 + ".").find("longer than 255 octets") !=
        std::string::npos);
  const Name origin = name(longest.substr(64));
  CHECK(Name::parse(l63, origin).value() == name(longest));
  CHECK(why("a." + l63, origin).find("longer than 255 octets") != std::string::npos);
  std::string many;
  for (int i = 0; i < 127; ++i) many += "a.";
  CHECK(name(many).label_count() == kMaxLabels);
  CHECK(why(many + "a.").find("longer than 255 octets") != std::string::npos);
  CHECK(why(many + "a").find("longer than 255 octets") != std::string::npos);
}

TEST_CASE("wire form that is not exactly one uncompressed name is refused") {
  const auto accepted = [](std::vector<std::uint8_t> w) { return Name::from_wire(w).has_value(); };
  CHECK(accepted({1, 'a', 0}));
  CHECK_FALSE(accepted({}));
  CHECK_FALSE(accepted({1, 'a'}));
  CHECK_FALSE(accepted({3, 'a', 0}));
  CHECK_FALSE(accepted({1, 'a', 0, 0}));
  CHECK_FALSE(accepted({0xc0, 12}));
  CHECK_FALSE(accepted({64, 'a', 0}));
  std::vector<std::uint8_t> endless(300, 1);
  CHECK_FALSE(accepted(endless));
}

TEST_CASE("case is kept and ignored in comparison (RFC 4343)") {
  CHECK(name("WWW.example.") == name("www.EXAMPLE."));
  CHECK(name("WWW.example.").to_string() == "WWW.example.");
  CHECK(name("WWW.Example.").lowercased().to_string() == "www.example.");
  CHECK(name("a[.") != name("a{."));  // '[' and '{' differ in the bit that the letters' case has
}

TEST_CASE("ancestors, parents and label counts") {
  const Name www = name("www.example.com.");
  CHECK(www.label_count() == 3);
  CHECK(Name().label_count() == 0);
  CHECK(www.parent() == name("example.com."));
  CHECK(www.without_labels(3).is_root());
  CHECK(www.is_within(name("EXAMPLE.com.")));
  CHECK(www.is_within(www));
  CHECK(www.is_within(Name()));
  CHECK_FALSE(www.is_within(name("ample.com.")));
  CHECK_FALSE(name("com.").is_within(www));
  CHECK(name("*.a.").is_wildcard());
  CHECK_FALSE(name("*a.a.").is_wildcard());
  CHECK(www.relative_to(name("example.com.")) == "www");
  CHECK(www.relative_to(www) == "@");
  CHECK(www.relative_to(name("org.")) == "www.example.com.");
  CHECK(www.relative_to(Name()) == "www.example.com");
}

TEST_CASE("canonical order is RFC 4034 §6.1's example") {
  const std::vector<std::string> ordered = {"example.",         "a.example.",      "yljkjljk.a.example.",
                                            "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
                                            "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      CHECK(((name(ordered[i]) <=> name(ordered[j])) == (i <=> j)));
    }
  }
}

TEST_CASE("zone data keeps owners lower case, RDATA as it is, and a pool's name once") {
  ZoneData data(name("EX."));
  CHECK(data.apex().to_string() == "ex.");
  data.begin_owner(name("A.eX."));
  data.begin_rrset(type::kTxt, 60);
  const std::vector<std::uint8_t> one = {1, 'Q'};
  const std::vector<std::uint8_t> large(65535, 7);
  data.add_rdata(one);
  data.add_rdata(large);
  data.add_pool("www");
  data.begin_owner(name("b.ex."));
  data.add_pool("www", 5);
  REQUIRE(data.entries().size() == 3);
  const auto& txt = data.entries()[0];
  CHECK(Name::from_wire(data.owner(txt)).value().to_string() == "a.ex.");
  std::vector<std::vector<std::uint8_t>> got;
  data.for_each_rdata(txt, [&](auto rdata) { got.emplace_back(rdata.begin(), rdata.end()); });
  CHECK(got == std::vector<std::vector<std::uint8_t>>{one, large});
  CHECK(data.pools() == std::vector<std::string>{"www"});
  CHECK(data.entries()[1].ttl_s == ZoneData::kPoolTtl);
  CHECK(data.entries()[2].pool == 0);
  CHECK(data.entries()[2].ttl_s == 5);
}
