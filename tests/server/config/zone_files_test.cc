// SPDX-License-Identifier: Apache-2.0
// A look that keeps what cannot have changed sees all the same what a look at everything would see.
#include "server/config/zone_files.h"

#include <filesystem>

#include "core/time.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

/// Zone files a.zone, b.zone, c.zone and what is found of them.
class Looks {
 public:
  Looks() {
    config.file = files.config();
    config.zones = {"zones/*.zone"};
    for (const char* name : {"a", "b", "c"}) write(name, "1");
  }
  void write(const std::string& name, const std::string& text) {
    files.write("zones/" + name + ".zone", text);
  }
  std::string path(const std::string& name) const { return (files.path() / "zones" / name).string(); }
  /// As if the files had been quiet for `age`.
  ZoneFiles find(const ZoneFiles* earlier = nullptr, Duration age = 1min) const {
    return find_zone_files(config, earlier, SystemClock().wall_now() + age);
  }
  std::optional<ZoneFiles> again(const ZoneFiles& earlier, const std::vector<std::string>& changed) const {
    return look_again(config, earlier, changed, SystemClock().wall_now() + 1min);
  }

  Files files;
  Config config;
};

}  // namespace

TEST_CASE("only what may have changed is looked at again") {
  Looks looks;
  const ZoneFiles first = looks.find();
  REQUIRE(first.found.size() == 3);
  looks.write("a", "22");
  looks.write("b", "22");
  const auto next = looks.again(first, {looks.path("b.zone")});
  REQUIRE(next.has_value());
  CHECK(next->paths == first.paths);
  CHECK(next->found[0].stamp == first.found[0].stamp);  // nobody has told of it
  CHECK(next->found[1].stamp == looks.find().found[1].stamp);
  CHECK_FALSE(next->same_as(first));
}

TEST_CASE("the list of paths stays the same object as long as it says the same") {
  Looks looks;
  const ZoneFiles first = looks.find();
  looks.write("a", "22");
  CHECK(looks.find(&first).paths == first.paths);
  looks.write("d", "1");
  const ZoneFiles more = looks.find(&first);
  CHECK(more.paths->size() == 4);
  CHECK(first.paths->size() == 3);
}

TEST_CASE("what may change without a word is looked at each time") {
  Looks looks;
  looks.files.write("elsewhere/c", "1");
  fs::remove(looks.path("c.zone"));
  fs::create_symlink("../elsewhere/c", looks.path("c.zone"));
  fs::create_hard_link(looks.path("b.zone"), looks.files.path() / "elsewhere/b");
  const ZoneFiles first = looks.find();
  looks.files.write("elsewhere/b", "22");
  looks.files.write("elsewhere/c", "333");
  const auto next = looks.again(first, {});
  REQUIRE(next.has_value());
  CHECK(next->found[1].stamp.size == 2);
  CHECK(next->found[2].stamp.size == 3);

  // And so is what may have changed in the same tick as the look.
  const ZoneFiles early = looks.find(nullptr, -1min);
  CHECK_FALSE(early.found[0].settled);
  looks.write("a", "4444");
  CHECK(looks.again(early, {})->found[0].stamp.size == 4);
}

TEST_CASE("a file or a directory that comes or goes takes a look at everything") {
  Looks looks;
  const ZoneFiles first = looks.find();
  CHECK(looks.again(first, {looks.path("gone.zone"), looks.path(".a.zone.swp")}).has_value());
  looks.files.write("zones/notes.txt", "");
  looks.files.write("zones/.hidden.zone", "");
  CHECK(looks.again(first, {looks.path("notes.txt"), looks.path(".hidden.zone")}).has_value());

  looks.write("d", "1");
  CHECK_FALSE(looks.again(first, {looks.path("d.zone")}).has_value());
  fs::create_directory(looks.path("new"));
  CHECK_FALSE(looks.again(first, {looks.path("new")}).has_value());
  fs::create_symlink("a.zone", looks.path("..data"));
  CHECK_FALSE(looks.again(first, {looks.path("..data")}).has_value());
  fs::remove(looks.path("a.zone"));
  CHECK_FALSE(looks.again(first, {looks.path("a.zone")}).has_value());
}
