// SPDX-License-Identifier: Apache-2.0
// The journal on disk: written, put aside, cut off, read back.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "server/journal/journal_file.h"
#include "server/journal/reader.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

const WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

Entry entry(std::uint64_t sequence, const std::string& kind = "verdict", const std::string& site = "fra") {
  Entry e{.sequence = sequence,
          .at = kStart + std::chrono::seconds(sequence),
          .kind = kind,
          .check = "web",
          .target = "192.0.2.1",
          .site = site};
  e.more["to"] = "down";
  return e;
}

void fill(JournalFile& file, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t n = from; n <= to; ++n) {
    REQUIRE(file.append(to_line(entry(n, n % 2 == 0 ? "verdict" : "outcome", n % 3 == 0 ? "nyc" : "fra"))));
  }
}

std::vector<std::uint64_t> sequences(const JournalPage& page) {
  std::vector<std::uint64_t> out;
  for (const Entry& e : page.entries) out.push_back(e.sequence);
  return out;
}

}  // namespace

TEST_CASE("an entry is read back as it was written") {
  const Entry before = entry(17);
  const std::string line = to_line(before);
  CHECK(line.back() == '\n');
  const auto after = parse_entry(line);
  REQUIRE(after.has_value());
  CHECK(after->sequence == 17);
  CHECK(after->at == before.at);
  CHECK(after->kind == "verdict");
  CHECK(after->check == "web");
  CHECK(after->target == "192.0.2.1");
  CHECK(after->site == "fra");
  CHECK(after->more == before.more);
}

TEST_CASE("what a hostile site says stays one line") {
  Entry e = entry(1);
  e.more["detail"] = "a\nb\xff\r\n{\"seq\":2}";
  const std::string line = to_line(e);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(parse_entry(line).has_value());
}

TEST_CASE("no entry is made of what is none") {
  for (const char* line :
       {"", "{", "[]", "17", R"({"seq":1})", R"({"seq":-1,"at":"2026-01-01T00:00:00.000Z","kind":"x"})",
        R"({"seq":1,"at":"yesterday","kind":"x"})", R"({"seq":1,"at":"2026-01-01T00:00:00Z"})"}) {
    INFO(line);
    CHECK_FALSE(parse_entry(line).has_value());
  }
}

TEST_CASE("the newest entries come first, across files, up to the limit") {
  Files files;
  const std::string directory = files.path().string();
  const auto line = to_line(entry(1)).size();
  JournalFile file(directory, {.on = true, .max_size = 10 * line, .keep = 3});
  fill(file, 1, 35);
  CHECK(std::filesystem::exists(journal_path(directory, 3)));
  CHECK_FALSE(std::filesystem::exists(journal_path(directory, 4)));
  CHECK(std::filesystem::file_size(journal_path(directory)) <= 10 * line);

  const auto page = read_journal(directory, {.limit = 20});
  REQUIRE(page.entries.size() == 20);
  CHECK(page.entries.front().sequence == 35);
  CHECK(page.entries.back().sequence == 16);
  CHECK(page.damaged == 0);
  CHECK(last_entry(directory)->sequence == 35);

  std::vector<std::uint64_t> replayed;
  replay_journal(
      directory, [](std::string_view) { return true; },
      [&](const Entry& e) { replayed.push_back(e.sequence); });
  CHECK(std::ranges::is_sorted(replayed));
  CHECK(replayed.back() == 35);
  CHECK(replayed.size() >= 25);
}

TEST_CASE("entries are found by what they are about") {
  Files files;
  const std::string directory = files.path().string();
  JournalFile file(directory, {});
  fill(file, 1, 20);
  CHECK(sequences(read_journal(directory, {.site = "nyc"})) ==
        std::vector<std::uint64_t>{18, 15, 12, 9, 6, 3});
  CHECK(sequences(read_journal(directory, {.site = "nyc", .kind = "verdict"})) ==
        std::vector<std::uint64_t>{18, 12, 6});
  CHECK(sequences(read_journal(directory, {.limit = 2, .check = "web"})) ==
        std::vector<std::uint64_t>{20, 19});
  CHECK(sequences(read_journal(directory, {.target = "192.0.2.2"})).empty());
  CHECK(sequences(read_journal(directory, {.since = kStart + 19s})) == std::vector<std::uint64_t>{20, 19});
  // Words that stand elsewhere in a line do not count.
  CHECK(sequences(read_journal(directory, {.site = "web"})).empty());
}

TEST_CASE("a line that a crash cut off is passed over, and the next one is whole") {
  Files files;
  const std::string directory = files.path().string();
  { fill(*std::make_unique<JournalFile>(directory, JournalSettings{}), 1, 3); }
  std::ofstream(journal_path(directory), std::ios::app) << R"({"at":"2026-01-01T00:00:04.000Z","kind":"ver)";
  JournalFile file(directory, {});
  REQUIRE(file.open());
  CHECK(file.last_alive().has_value());
  fill(file, 4, 5);
  const auto page = read_journal(directory, {});
  CHECK(sequences(page) == std::vector<std::uint64_t>{5, 4, 3, 2, 1});
  CHECK(page.damaged == 1);
}

TEST_CASE("a journal is written by one program at a time") {
  Files files;
  JournalFile first(files.path().string(), {.on = true, .max_size = 1, .keep = 1});
  REQUIRE(first.append(to_line(entry(1))));
  REQUIRE(first.append(to_line(entry(2))));  // another file by now
  JournalFile second(files.path().string(), {});
  const auto opened = second.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.ends_with("another program writes it"));
}

TEST_CASE("a journal full of rubbish is no trouble") {
  Files files;
  const std::string directory = files.path().string();
  {
    std::ofstream out(journal_path(directory), std::ios::binary);
    out << std::string(3 * 1024 * 1024, 'x') << "\n\n\0\n" << std::string(10, '\n');
    out << to_line(entry(7)) << std::string(300'000, '{');
  }
  CHECK(sequences(read_journal(directory, {})) == std::vector<std::uint64_t>{7});
}

TEST_CASE("a line that nests without end is none") {
  std::string deep = R"({"seq":1,"at":"2026-01-01T00:00:00.000Z","kind":"x","y":)";
  deep += std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CHECK_FALSE(parse_entry(deep).has_value());
  Entry e = entry(1);
  e.more["detail"] = std::string(100, '[') + "\"\\" + std::string(100, '{');
  CHECK(parse_entry(to_line(e)).has_value());
}

TEST_CASE("a directory, a link or a pipe in the journal's place is refused") {
  Files files;
  const std::string directory = files.path().string();
  std::filesystem::create_directory(journal_path(directory));
  CHECK_FALSE(JournalFile(directory, {}).open());
  std::filesystem::remove(journal_path(directory));
  std::filesystem::create_symlink("/dev/null", journal_path(directory));
  CHECK_FALSE(JournalFile(directory, {}).open());
  std::filesystem::remove(journal_path(directory));
  REQUIRE(mkfifo(journal_path(directory).c_str(), 0600) == 0);
  CHECK_FALSE(JournalFile(directory, {}).open());
  CHECK(read_journal(directory, {}).entries.empty());
}

TEST_CASE("a full disk costs the entries that do not fit, and nothing else") {
  Files files;
  const std::string directory = files.path().string();
  JournalFile file(directory, {.on = true, .max_size = 1'000'000, .keep = 0});
  fill(file, 1, 3);
  file.change({.on = true, .max_size = 1, .keep = 0});  // every batch begins a new file; none is kept
  fill(file, 4, 4);
  CHECK(sequences(read_journal(directory, {})) == std::vector<std::uint64_t>{4});
  std::filesystem::remove_all(directory);
  CHECK_FALSE(file.append(to_line(entry(5))));
}

TEST_CASE("what was appended is due to be synchronised within a second") {
  Files files;
  JournalFile file(files.path().string(), {});
  const MonotonicTime start(100s);
  file.sync_if_due(start);
  CHECK_FALSE(file.sync_due().has_value());
  fill(file, 1, 1);
  CHECK(file.sync_due() == start + 1s);
  file.sync_if_due(start + 999ms);
  CHECK(file.sync_due() == start + 1s);
  file.sync_if_due(start + 1s);
  CHECK_FALSE(file.sync_due().has_value());
}

TEST_CASE("a question reads no more than it may, and says so") {
  Files files;
  const std::string directory = files.path().string();
  {
    JournalFile file(directory, {});
    REQUIRE(file.open());
    fill(file, 1, 100);
  }
  const std::uint64_t line = to_line(entry(100)).size();
  const auto page = read_journal(directory, {.kind = "stop", .most_octets = 50 * line});
  CHECK(page.entries.empty());
  CHECK_FALSE(page.complete);
  CHECK_FALSE(read_journal(directory, {.limit = 100, .most_octets = 50 * line}).complete);
  CHECK(read_journal(directory, {.limit = 10, .most_octets = 50 * line}).complete);
  CHECK(read_journal(directory, {.kind = "stop"}).complete);
}

TEST_CASE("files that were last written before the time asked for are not even read") {
  Files files;
  const std::string directory = files.path().string();
  {
    JournalFile file(directory, {});
    REQUIRE(file.open());
    fill(file, 1, 10);
  }
  const auto now = std::filesystem::file_time_type::clock::now();
  const JournalQuery since{.since = SystemClock().wall_now() - 24h, .most_octets = 1};
  std::filesystem::last_write_time(journal_path(directory, 0), now - 48h);
  CHECK(read_journal(directory, since).complete);
  std::filesystem::last_write_time(journal_path(directory, 0), now);
  CHECK_FALSE(read_journal(directory, since).complete);
}
