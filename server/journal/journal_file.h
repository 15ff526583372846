// SPDX-License-Identifier: Apache-2.0
#pragma once
// JournalFile: the journal on disk. journal.jsonl grows by whole lines until it has reached its size; then it
// becomes journal.jsonl.1, that one .2, and so on; the oldest goes.
//
// What a crash can cost: of the program nothing that was written, since each batch is one write() in append
// mode; of the machine the last second, since files are synchronised at most once a second (sync_if_due),
// when they are put aside, and at the end. A line that was cut off is ended when the journal is opened again,
// and readers skip it.
//
// One program at a time writes a journal: the file is locked. Numbers and figures of two would be of no use.
//
// The modification time of journal.jsonl says when the program was last alive (see touch()): so that a start
// after a crash knows since when nobody has watched.
//
// Thread: one at a time. Readers (server/journal/reader.h) open the files themselves.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "server/journal/settings.h"

namespace gslbd::server {

/// journal.jsonl in the directory, or the `age`-th file put aside: journal.jsonl.1
std::string journal_path(const std::string& directory, std::uint32_t age = 0);

class JournalFile {
 public:
  JournalFile(std::string directory, const JournalSettings& settings);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  /// Opens or makes the file, and ends a line that was cut off. Errors name the file.
  Result<void> open();
  /// Takes effect with the next line: files beyond `keep` go when one is put aside.
  void change(const JournalSettings& settings) { settings_ = settings; }
  const JournalSettings& settings() const { return settings_; }
  const std::string& directory() const { return directory_; }

  /// `lines` are whole lines. On an error none of them is in the file.
  Result<void> append(std::string_view lines);
  /// Synchronises what was appended, if the last time is a second ago.
  void sync_if_due(MonotonicTime now);
  /// When the next sync_if_due() has something to do; nullopt: everything is synchronised.
  std::optional<MonotonicTime> sync_due() const;
  void sync();
  /// Notes that the program lives.
  void touch();
  /// When a program last lived with this journal; nullopt for a new one. Call before append().
  std::optional<WallTime> last_alive() const { return last_alive_; }

 private:
  Result<void> put_aside();
  void close_file();

  const std::string directory_;
  JournalSettings settings_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool unsynchronised_ = false;
  MonotonicTime synchronised_at_{};
  std::optional<WallTime> last_alive_;
};

}  // namespace gslbd::server
