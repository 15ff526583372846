// SPDX-License-Identifier: Apache-2.0
// What is told of a directory is at least what happened there.
#include "server/app/file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "server/app/watched_paths.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

/// Watches directories of its own.
class Watching {
 public:
  Watching() {
    files.write("zones/a", "1");
    files.write("zones/b", "1");
    uv_loop_init(&loop_);
    watch_.emplace(loop_, [this](const ChangedFiles& changed) {
      told = changed;
      uv_stop(&loop_);
    });
  }
  ~Watching() {
    watch_->close();
    uv_run(&loop_, UV_RUN_DEFAULT);
    watch_.reset();
    uv_loop_close(&loop_);
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  std::string path(const std::string& name) const { return (files.path() / name).string(); }
  bool watch(const std::set<std::string>& names = {"zones"}) {
    std::set<std::string> directories;
    for (const std::string& name : names) directories.insert(path(name));
    return watch_->watch(directories, 10ms);
  }
  const ChangedFiles& wait() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    return told;
  }

  Files files;
  ChangedFiles told;

 private:
  uv_loop_t loop_{};
  std::optional<FileWatch> watch_;
};

using Names = std::set<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("files that were written, replaced or removed are named") {
  Watching w;
  REQUIRE(w.watch());
  w.files.write("zones/a", "2");
  w.files.write("zones/fresh", "2");
  fs::rename(w.path("zones/fresh"), w.path("zones/c"));
  fs::remove(w.path("zones/b"));
  const ChangedFiles& told = w.wait();
  CHECK_FALSE(told.anything);
  const std::string in = w.path("zones");
  CHECK(told.files == Names{{in, "a"}, {in, "b"}, {in, "c"}, {in, "fresh"}});
}

TEST_CASE("a directory that two paths lead to is told of by both") {
  Watching w;
  fs::create_directory_symlink("zones", w.path("link"));
  REQUIRE(w.watch({"zones", "link"}));
  w.files.write("zones/a", "2");
  CHECK(w.wait().files == Names{{w.path("link"), "a"}, {w.path("zones"), "a"}});
}

TEST_CASE("what happens to a directory may be anything") {
  Watching w;
  REQUIRE(w.watch());
  fs::create_directory(w.path("zones/more"));
  CHECK(w.wait().anything);
  fs::rename(w.path("zones"), w.path("moved"));
  CHECK(w.wait().anything);
}

TEST_CASE("events that are lost may have told of anything") {
  std::size_t limit = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
  if (limit == 0 || limit > 200'000) return;  // filling that queue would take too long
  Watching w;
  REQUIRE(w.watch());
  // Two files in turn: events that are alike are joined.
  for (std::size_t i = 0; i < limit + 2; ++i) {
    REQUIRE(utimensat(AT_FDCWD, w.path(i % 2 == 0 ? "zones/a" : "zones/b").c_str(), nullptr, 0) == 0);
  }
  CHECK(w.wait().anything);
}

TEST_CASE("a directory that cannot be watched leaves anything possible") {
  Watching w;
  REQUIRE(w.watch({"zones", "none"}));
  w.files.write("zones/a", "2");
  CHECK(w.wait().anything);
}

TEST_CASE("a directory is new until it is watched, and again when another takes its place") {
  Watching w;
  CHECK(w.watch());
  CHECK_FALSE(w.watch());
  fs::rename(w.path("zones"), w.path("before"));
  w.files.write("zones/a", "1");
  CHECK(w.watch());
  w.files.write("before/b", "2");  // nobody asks any more
  w.files.write("zones/a", "2");
  const ChangedFiles& told = w.wait();
  CHECK(told.files == Names{{w.path("zones"), "a"}});
}

TEST_CASE("a file in a watched directory is the one that the configuration means") {
  Files files;
  files.write("zones/a.zone", "1");
  files.write("gslbd.json", R"({"listen": ["127.0.0.1:0"], "zones": ["./zones/*.zone", "zones/*.zone"]})");
  const WatchedPaths watched(find(files.config()));
  const std::string root = files.path().string();
  CHECK(watched.directories().contains(root + "/zones"));
  Changes changes{.anything = false, .paths = {}};
  watched.add({false, {{root + "/zones", "a.zone"}, {root, "gslbd.json"}}}, changes);
  CHECK_FALSE(changes.anything);
  CHECK(std::ranges::find(changes.paths, root + "/zones/a.zone") != changes.paths.end());
  CHECK(std::ranges::find(changes.paths, root + "/gslbd.json") != changes.paths.end());
  watched.add({false, {{root, "zones"}}}, changes);  // it was a link to a directory
  CHECK(changes.anything);
}
