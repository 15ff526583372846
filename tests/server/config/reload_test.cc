// SPDX-License-Identifier: Apache-2.0
// What a load takes over from the one before, and what it must not.
#include <sys/stat.h>

#include <filesystem>

#include "server/config/loader.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
namespace fs = std::filesystem;

namespace {

/// A directory of zones that is loaded again and again.
class Reloads {
 public:
  Reloads() { configure(R"("p": {"members": [{"address": "192.0.2.1"}]})"); }

  void configure(const std::string& pools, const std::string& more = "") {
    files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["*.zone"],
      "checks": {"tcp": {"type": "tcp", "port": 9}}, "pools": {)" +
                                  pools + "}" + more + "}");
  }
  void zone(const std::string& apex, const std::string& records, const std::string& more = "") {
    files.write(apex + ".zone", R"({"zone": ")" + apex +
                                    R"(", "records": {"@": {"NS": ["ns.b.", "ns.c."]}, )" + records + "}" +
                                    more + "}");
  }
  /// Whether it loads. The files are as old as `age` when it looks at them.
  bool load(Duration age = std::chrono::minutes(1)) {
    Findings findings = find(files.config());
    for (FoundFile& each : findings.zone_files.found)
      each.settled = each.stamp.settled(SystemClock().wall_now() + age, std::chrono::seconds(2));
    return load(findings);
  }
  bool load(const Findings& findings) {
    Diagnostics d;
    auto next = server::load(findings, current ? &*current : nullptr, d);
    messages.clear();
    for (const auto& each : d.all())
      messages.push_back(each.to_string().substr(files.path().string().size() + 1));
    if (!next) return false;
    before = std::move(current);
    current = std::move(next);
    return true;
  }
  const zones::Zone* table(std::size_t i) const { return current->zones[i].zone.get(); }
  const zones::Zone* table_before(std::size_t i) const { return before->zones[i].zone.get(); }

  Files files;
  std::optional<Loaded> before, current;
  std::vector<std::string> messages;
};

const char* const kOwnPool =
    R"(, "pools": {"own": {"alive": "tcp", "members": [{"address": "192.0.2.77"}]}})";

}  // namespace

TEST_CASE("only the zone files that changed are read") {
  Reloads r;
  r.zone("a.test", R"("www": {"pool": "p"})");
  r.zone("b.test", R"("www": {"pool": "own"})", kOwnPool);
  r.zone("c.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 3);

  REQUIRE(r.load());
  CHECK(r.current->zones_read == 0);
  CHECK(r.current->same_plan(*r.before));

  r.zone("c.test", R"("www": {"A": "192.0.2.2"})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);
  CHECK(r.table(0) == r.table_before(0));
  CHECK(r.table(1) == r.table_before(1));
  CHECK(r.table(2) != r.table_before(2));
  CHECK(r.table(2)->serial() > r.table_before(2)->serial());
  CHECK(r.current->same_plan(*r.before));
}

TEST_CASE("a file that may have changed unseen is read, and taken over if it has not") {
  using namespace std::chrono_literals;
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load(0s));
  REQUIRE(r.load(0s));
  CHECK(r.current->zones_read == 1);
  CHECK(r.table(0) == r.table_before(0));

  // Another text under the very same stamp: as if both were written in one tick of the file system's clock.
  Findings findings = find(r.files.config());
  const FileStamp stamp = findings.zone_files.found[0].stamp;
  r.zone("a.test", R"("www": {"A": "192.0.2.2"})");
  findings.zone_files.found[0].stamp = stamp;
  REQUIRE(r.load(findings));
  CHECK(r.table(0) != r.table_before(0));
  CHECK(r.table(0)->serial() > r.table_before(0)->serial());
}

TEST_CASE("a file with the size and the modification time of the one before is another file") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  const auto time = fs::last_write_time(r.files.path() / "a.test.zone");
  r.zone("a.test", R"("www": {"A": "192.0.2.2"})");
  fs::last_write_time(r.files.path() / "a.test.zone", time);
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);
  CHECK(r.table(0) != r.table_before(0));
}

TEST_CASE("a file that was only touched keeps its zone and its serial") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  fs::last_write_time(r.files.path() / "a.test.zone",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);
  CHECK(r.table(0) == r.table_before(0));
}

TEST_CASE("a stamp is trusted when the clock has ticked since the file's last change") {
  using namespace std::chrono_literals;
  FileStamp stamp;
  stamp.modified = WallTime(100s);
  stamp.changed = WallTime(200s);
  CHECK_FALSE(stamp.settled(WallTime(201s), 2s));
  CHECK(stamp.settled(WallTime(202s), 2s));
  stamp.modified = WallTime(300s);  // in the future: a clock was set, or somebody set the time
  CHECK_FALSE(stamp.settled(WallTime(250s), 2s));
}

TEST_CASE("pools follow their zones when others come and go") {
  Reloads r;
  r.zone("b.test", R"("www": {"pool": "own"}, "api": {"pool": "p"})",
         R"(, "pools": {"own": {"members": [{"address": "192.0.2.77"}], "when_all_down": {"pool": "spare"}},
                        "spare": {"members": [{"address": "192.0.2.78"}]}})");
  r.zone("d.test", R"("www": {"pool": "own"})", kOwnPool);
  REQUIRE(r.load());

  r.zone("a.test", R"("www": {"pool": "own"})", kOwnPool);
  fs::remove(r.files.path() / "d.test.zone");
  r.zone("c.test", R"("www": {"pool": "p"})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 2);
  CHECK_FALSE(r.current->same_plan(*r.before));
  const auto& pools = *r.current->pools;
  std::vector<std::string> names;
  for (const Pool& pool : pools) names.push_back(pool.name);
  CHECK(names == std::vector<std::string>{"p", "a.test/own", "b.test/own", "b.test/spare"});
  REQUIRE(r.current->zones.size() == 3);
  CHECK(r.current->zones[0].pools == std::vector<std::uint32_t>{1});
  CHECK(pools[r.current->zones[1].pools[0]].name + " " + pools[r.current->zones[1].pools[1]].name ==
        "b.test/own p");
  CHECK(pools[pools[2].spare].name == "b.test/spare");
  CHECK(r.current->zones[2].pools == std::vector<std::uint32_t>{0});
}

TEST_CASE("records that change leave the zone's own pools as they are") {
  Reloads r;
  r.zone("a.test", R"("www": {"pool": "own"})", kOwnPool);
  REQUIRE(r.load());
  r.zone("a.test", R"("www": {"pool": "own"}, "more": {"A": "192.0.2.9"})", kOwnPool);
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);
  CHECK(r.current->same_plan(*r.before));

  std::string other = kOwnPool;
  other.replace(other.find("77"), 2, "76");
  r.zone("a.test", R"("www": {"pool": "own"}, "more": {"A": "192.0.2.9"})", other);
  REQUIRE(r.load());
  CHECK_FALSE(r.current->same_plan(*r.before));
  CHECK((*r.current->pools)[1].members[0].address.to_string() == "192.0.2.76");
}

TEST_CASE("zones that only name the configuration's pools are bound to the new ones unread") {
  Reloads r;
  r.zone("a.test", R"("www": {"pool": "p"})");
  r.zone("b.test", R"("www": {"pool": "own"})", kOwnPool);
  REQUIRE(r.load());
  r.configure(
      R"("o": {"members": [{"address": "192.0.2.2"}]}, "p": {"members": [{"address": "192.0.2.3"}]})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);  // what defines something of its own
  CHECK(r.table(0) == r.table_before(0));
  CHECK((*r.current->pools)[r.current->zones[0].pools[0]].members[0].address.to_string() == "192.0.2.3");
  CHECK((*r.current->pools)[r.current->zones[1].pools[0]].name == "b.test/own");

  r.configure(R"("o": {"members": [{"address": "192.0.2.2"}]})");
  CHECK_FALSE(r.load());
  CHECK(r.messages == std::vector<std::string>{
                          R"(a.test.zone: /records/www/pool: there is no pool "p"; did you mean "o"?)"});
}

TEST_CASE("after an error the state before is what the next load builds on") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  r.zone("b.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  const zones::Zone* first = r.table(0);
  r.zone("b.test", R"("www": {"A": "no address"})");
  CHECK_FALSE(r.load());
  CHECK(r.messages.at(0).find("b.test.zone: /records/www/A") == 0);
  CHECK_FALSE(r.load());
  r.zone("b.test", R"("www": {"A": "192.0.2.2"})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 1);
  CHECK(r.table(0) == first);
}

TEST_CASE("warnings of zones that were not read again come again") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"}, "mail": {"MX": ["10 nowhere"]})");
  REQUIRE(r.load());
  const auto first = r.messages;
  REQUIRE_FALSE(first.empty());
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 0);
  CHECK(r.messages == first);
}

TEST_CASE("a zone that a file takes from another is an error, changed or not") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  r.zone("b.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  fs::copy_file(r.files.path() / "b.test.zone", r.files.path() / "a.test.zone",
                fs::copy_options::overwrite_existing);
  CHECK_FALSE(r.load());
  CHECK(r.messages.at(0).find("b.test.zone: /zone: the zone b.test. is already in ") == 0);
}

TEST_CASE("two files may exchange their zones") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  r.zone("b.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  fs::rename(r.files.path() / "a.test.zone", r.files.path() / "other");
  fs::rename(r.files.path() / "b.test.zone", r.files.path() / "a.test.zone");
  fs::rename(r.files.path() / "other", r.files.path() / "b.test.zone");
  REQUIRE(r.load());
  CHECK(r.table(0)->apex().to_string() == "b.test.");
  CHECK(r.table(1)->apex().to_string() == "a.test.");
}

TEST_CASE("other canaries are another plan") {
  Reloads r;
  r.zone("a.test", R"("www": {"A": "192.0.2.1"})");
  REQUIRE(r.load());
  r.configure(R"("p": {"members": [{"address": "192.0.2.1"}]})",
              R"(, "isolation": {"canaries": [{"check": "tcp", "address": "192.0.2.254"}]})");
  REQUIRE(r.load());
  CHECK(r.current->zones_read == 0);
  CHECK_FALSE(r.current->same_plan(*r.before));
  REQUIRE(r.load());
  CHECK(r.current->same_plan(*r.before));
}
