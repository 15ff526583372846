// SPDX-License-Identifier: Apache-2.0
// Configurations with mistakes, and what is said about them: tests/server/config/golden/NAME/gslbd.json with
// its zone files, and the expected messages in NAME.txt. GSLBD_UPDATE_GOLDEN=1 writes the texts anew: read
// them before you commit them.
#include "server/config/loader.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(GSLBD_SOURCE_DIR) / "tests/server/config/golden";

std::string messages(const fs::path& directory) {
  Diagnostics d;
  const auto loaded = load((directory / "gslbd.json").string(), nullptr, d);
  std::string out = loaded ? "loads\n" : "does not load\n";
  const std::string prefix = directory.string() + "/";
  for (const auto& each : d.all()) {
    std::string line = each.to_string();
    for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix))
      line.erase(at, prefix.size());
    out += line + "\n";
  }
  return out;
}

const char* const kZone = R"({"zone": "a.test", "records": {"@": {"NS": "ns.b."}, "www": {"pool": "p"}},
                             "pools": {"p": {"members": [{"address": "192.0.2.1"}]}}})";

}  // namespace

TEST_CASE("every mistake in a configuration is named at its place") {
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (!entry.is_directory()) continue;
    const fs::path expected = kGolden / (entry.path().filename().string() + ".txt");
    const std::string got = messages(entry.path());
    if (std::getenv("GSLBD_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << got;
    std::ifstream in(expected);
    const std::string want{std::istreambuf_iterator<char>(in), {}};
    INFO(entry.path().filename().string());
    CHECK(got == want);
  }
}

TEST_CASE("what is missing or unreadable is said, not thrown") {
  Files files;
  Diagnostics d;
  CHECK_FALSE(load(files.config(), nullptr, d).has_value());
  CHECK(d.all().at(0).to_string() == files.config() + ": cannot read: No such file or directory");

  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["zones/*.json", "dir"]})");
  fs::create_directory(files.path() / "dir");
  Diagnostics d2;
  CHECK_FALSE(load(files.config(), nullptr, d2).has_value());
  CHECK(d2.all().at(0).to_string() == files.config() + ": /zones: no file matches \"zones/*.json\"");
  CHECK(d2.all().at(1).message == "cannot read: it is a directory");

  // A pipe has no writer: reading it would never end.
  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["pipe"]})");
  REQUIRE(mkfifo((files.path() / "pipe").c_str(), 0600) == 0);
  Diagnostics d3;
  CHECK_FALSE(load(files.config(), nullptr, d3).has_value());
  CHECK(d3.all().at(0).message == "cannot read: it is not a regular file");
}

TEST_CASE("the configuration's own directory is no pattern") {
  Files files;
  files.write("a[1]*/gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["*.zone"]})");
  files.write("a[1]*/z.zone", kZone);
  Diagnostics d;
  CHECK(load((files.path() / "a[1]*/gslbd.json").string(), nullptr, d).has_value());
}

TEST_CASE("a zone's own pools are its own, and named after it") {
  Files files;
  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["*.zone"]})");
  files.write("a.zone", kZone);
  files.write("b.zone", R"({"zone": "b.test", "records": {"@": {"NS": "ns.b.", "pool": "p"}},
                            "pools": {"p": {"members": [{"address": "192.0.2.2"}]}}})");
  Diagnostics d;
  const auto loaded = load(files.config(), nullptr, d);
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->pools->size() == 2);
  CHECK((*loaded->pools)[0].name == "a.test/p");
  CHECK((*loaded->pools)[1].name == "b.test/p");
  CHECK(loaded->zones[1].pools == std::vector<std::uint32_t>{1});
}

TEST_CASE("the serial grows with every change, and only then") {
  Files files;
  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["a.json"]})");
  files.write("a.json", kZone);
  Diagnostics d;
  const auto first = load(files.config(), nullptr, d);
  REQUIRE(first.has_value());
  const auto again = load(files.config(), &*first, d);
  CHECK(again->zones[0].zone->serial() == first->zones[0].zone->serial());
  std::string changed = kZone;
  changed.replace(changed.find("192.0.2.1"), 9, "192.0.2.7");
  files.write("a.json", changed);  // within the same second
  const auto next = load(files.config(), &*again, d);
  CHECK(next->zones[0].zone->serial() > first->zones[0].zone->serial());
}
