// SPDX-License-Identifier: Apache-2.0
#include "server/control/forced_store.h"

#include "core/log.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

/// A state directory; what is logged meanwhile does not matter.
class StateDir : public Files {
 public:
  StateDir() { log::set_level(log::Level::off); }
  ~StateDir() { log::set_level(log::Level::info); }
  std::string name() const { return path().string(); }
  bool has(const std::string& file) const { return std::filesystem::exists(path() / file); }
};

std::vector<ForcedEntry> one_of_each() {
  const Address address = *Address::parse("2001:db8::1");
  return {{ForcedScope::site("fra"), ForcedState::drain, "new \"switch\"", "anna", kNow, kNow + 2h},
          {ForcedScope::pool("example.com/www"), ForcedState::down, "", "", kNow, std::nullopt},
          {ForcedScope::member("www", address), ForcedState::up, "", "", kNow, std::nullopt},
          {ForcedScope::target("web", address), ForcedState::down, "", "", kNow, std::nullopt}};
}

}  // namespace

TEST_CASE("forced states come back as they were") {
  const StateDir dir;
  ForcedStore store;
  REQUIRE(store.save(dir.name(), 1, ForcedStore::serialize(one_of_each(), kNow)).has_value());
  const auto back = ForcedStore::load(dir.name());
  CHECK(back.complaint.empty());
  CHECK(back.entries == one_of_each());
  CHECK_FALSE(dir.has("forced.json.new"));
}

TEST_CASE("without a file nothing is forced") {
  const StateDir dir;
  const auto back = ForcedStore::load(dir.name());
  CHECK((back.entries.empty() && back.complaint.empty()));
}

TEST_CASE("an older content never replaces a newer one") {
  const StateDir dir;
  ForcedStore store;
  const auto two = ForcedStore::serialize(one_of_each(), kNow);
  REQUIRE(store.save(dir.name(), 2, two).has_value());
  REQUIRE(store.save(dir.name(), 1, ForcedStore::serialize({}, kNow)).has_value());
  CHECK(ForcedStore::load(dir.name()).entries.size() == 4);
  CHECK(store.saved_version() == 2);
}

TEST_CASE("what could not be written is not taken for written") {
  ForcedStore store;
  CHECK(store.save("/nonexistent", 1, "{}").error().message ==
        "cannot write /nonexistent/forced.json.new: No such file or directory");
  CHECK(store.saved_version() == 0);
}

TEST_CASE("a damaged file of forced states is set aside and reported, whatever the damage") {
  const std::string good = ForcedStore::serialize(one_of_each(), kNow);
  std::vector<std::string> damaged{
      "", "{", "[]", "null", R"({"version": 2, "forced": []})", R"({"version": 1})", std::string(1000, '\0')};
  for (std::size_t n = 1; n + 2 < good.size(); n += 7) damaged.push_back(good.substr(0, n));
  using Pair = std::pair<std::string, std::string>;
  for (const auto& [from, to] : {Pair{"2001:db8::1", "2001:db8"},
                                 {"\"drain\"", "\"drian\""},
                                 {"\"site\"", "\"seite\""},
                                 {"\"until_ms\": null", "\"until_ms\": 9223372036854775807"},
                                 {"\"until_ms\": null", "\"until_ms\": -1"},
                                 {"\"reason\": \"\"", "\"reason\": 7"}}) {
    std::string text = good;
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    damaged.push_back(text);
  }
  for (const auto& text : damaged) {
    StateDir dir;
    dir.write("forced.json", text);
    INFO(text);
    const auto back = ForcedStore::load(dir.name());
    CHECK(back.entries.empty());
    CHECK(back.complaint.find("is set aside as") != std::string::npos);
    CHECK_FALSE(dir.has("forced.json"));
    CHECK(dir.has("forced.json.damaged"));
  }
}

TEST_CASE("a file of forced states that cannot be read is kept from being written over") {
  const StateDir dir;
  std::filesystem::create_directory(dir.path() / "forced.json");
  const auto back = ForcedStore::load(dir.name());
  CHECK(back.entries.empty());
  CHECK(back.complaint.find("cannot read") != std::string::npos);
  CHECK_FALSE(dir.has("forced.json"));
  CHECK(dir.has("forced.json.damaged"));
}
