// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"

#include "core/json_fields.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> lines(const Diagnostics& d) {
  std::vector<std::string> out;
  for (const auto& each : d.all()) out.push_back(each.to_string());
  return out;
}

struct Thing {
  std::int64_t weight = 100;
  Duration ttl{20s};
  std::string name;
};

const Field<Thing> kThingFields[] = {
    {"name", "string", "required", "what it is called",
     [](const JsonView& v, Thing& t) { t.name = read_string(v).value_or(""); }},
    {"weight", "1 to 65535", "100", "its share",
     [](const JsonView& v, Thing& t) { t.weight = read_integer(v, 1, 65535).value_or(t.weight); }},
    {"ttl", "duration", "20s", "how long",
     [](const JsonView& v, Thing& t) { t.ttl = read_duration(v, 0s, 1h).value_or(t.ttl); }},
};

std::vector<std::string> complaints(const std::string& text, Thing& thing) {
  Diagnostics d;
  const std::string file = "t.json";
  const auto document = parse_json(text, file, d);
  if (document) read_object<Thing>(JsonView(*document, file, d), kThingFields, thing);
  return lines(d);
}

}  // namespace

TEST_CASE("an object is read through its table, comments and all") {
  Thing t;
  CHECK(complaints("{ // one\n\"name\": \"x\", /* two */ \"weight\": 3, \"ttl\": 1.5}", t).empty());
  CHECK(t.name == "x");
  CHECK(t.weight == 3);
  CHECK(t.ttl == Duration(1500ms));
}

TEST_CASE("every mistake in an object is reported at its place") {
  Thing t;
  CHECK(complaints(R"({"wieght": 1, "weight": 0, "ttl": "2 fortnights"})", t) ==
        std::vector<std::string>{
            "t.json: /wieght: unknown key \"wieght\"; did you mean \"weight\"?",
            "t.json: the key \"name\" is missing (string)",
            "t.json: /weight: 0 is outside 1 to 65535",
            "t.json: /ttl: expected a duration such as \"250ms\", \"2s\", \"5m\", \"1h\" or a number of "
            "seconds, "
            "found \"2 fortnights\"",
        });
}

TEST_CASE("a key given twice is an error that names both the key and the object") {
  Thing t;
  CHECK(complaints(R"({"name": "x", "weight": 1, "weight": 2})", t) ==
        std::vector<std::string>{"t.json: /weight: the key \"weight\" stands twice in this object"});
}

TEST_CASE("of very many keys given twice the first are named and the others counted") {
  std::string text = R"({"a": 0)";
  for (int i = 0; i < 10'000; ++i) text += R"(, "a": 1)";
  for (const MemberStream& stream : {MemberStream{}, MemberStream{"b", {}, {}}}) {
    Diagnostics d;
    CHECK(parse_json(text + "}", "t.json", d, stream).has_value());
    CHECK(d.all().size() == 51);
    CHECK(d.all().back().to_string() == "t.json: ... and 9950 more keys that stand twice");
  }
}

TEST_CASE("syntax errors carry line and column") {
  Diagnostics d;
  CHECK_FALSE(parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}", "t.json", d).has_value());
  REQUIRE(d.all().size() == 1);
  CHECK(d.all()[0].where == "line 3, column 7");
  CHECK(d.all()[0].message.find("expected ':'") != std::string::npos);
}

TEST_CASE("a text that ends too soon is wrong at its end") {
  for (const auto& [text, where] : {std::pair<std::string, std::string>{"{", "line 1, column 2"},
                                    {"{\n  \"a\": [1,", "line 2, column 11"},
                                    {"", "line 1, column 1"}}) {
    Diagnostics d;
    CHECK_FALSE(parse_json(text, "t.json", d).has_value());
    REQUIRE(d.all().size() == 1);
    CHECK(d.all()[0].where == where);
  }
}

TEST_CASE("hostile nesting is refused, not recursed into") {
  Diagnostics d;
  CHECK_FALSE(parse_json(std::string(100000, '['), "t.json", d).has_value());
  CHECK(d.error_count() == 1);
}

TEST_CASE("a streamed object is delivered member by member and not kept") {
  Diagnostics d;
  std::vector<std::string> seen;
  MemberStream stream{
      "records", [&](const Json& before) { seen.push_back("begin " + before.dump()); },
      [&](const std::string& key, const Json& value) { seen.push_back(key + "=" + value.dump()); }};
  const auto document =
      parse_json(R"({"zone": "e", "records": {"a": {"A": "1"}, "b": 2, "c": [3], "a": {}}, "ttl": 5})",
                 "t.json", d, stream);
  REQUIRE(document.has_value());
  CHECK(seen == std::vector<std::string>{R"(begin {"records":{},"zone":"e"})", R"(a={"A":"1"})", "b=2",
                                         "c=[3]", "a={}"});
  CHECK(document->dump() == R"({"records":{},"ttl":5,"zone":"e"})");
  CHECK(d.all().empty());
}

TEST_CASE("only an object at the top is streamed, each time it is there") {
  Diagnostics d;
  std::size_t begun = 0;
  std::size_t members = 0;
  MemberStream stream{"records", [&](const Json&) { ++begun; },
                      [&](const std::string&, const Json&) { ++members; }};
  for (const char* text : {R"([{"records": {"a": 1}}])", R"({"records": [{"a": 1}]})", R"({"records": 1})",
                           R"({"x": {"records": {"a": 1}}})"}) {
    const auto document = parse_json(text, "t.json", d, stream);
    REQUIRE(document.has_value());
    CHECK(*document == Json::parse(text));
  }
  CHECK(begun == 0);
  CHECK(members == 0);
  CHECK(parse_json(R"({"records": {"a": 1}, "records": {"b": 1}})", "t.json", d, stream).has_value());
  CHECK(begun == 2);
  CHECK(members == 2);
  CHECK(d.error_count() == 1);
}

TEST_CASE("reading a file that is not one says why") {
  CHECK(read_file("/nonexistent/x").error().message == "cannot read: No such file or directory");
  CHECK(read_file("/tmp").error().message == "cannot read: it is a directory");
}
