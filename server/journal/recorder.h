// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recorder: what happened, told once, to everyone who keeps or passes it on: the journal in the state
// directory, the uptime figures, the hooks.
//
// note() puts an entry into a bounded queue and returns; a thread of the recorder's own writes and counts.
// Neither a slow disk nor a dead receiver holds up the one who notes. When the queue is full, entries are
// dropped and counted ("outcome" first, since figures and hooks live on the others), and the journal says so
// in an entry of the kind "lost".
//
// Thread: see each function.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/time.h"
#include "health/event.h"
#include "health/target.h"
#include "server/hooks/hooks.h"
#include "server/journal/bounded_queue.h"
#include "server/journal/plan_watch.h"
#include "server/journal/reader.h"
#include "server/journal/settings.h"
#include "server/journal/uptime.h"

namespace gslbd::server {

class JournalFile;
class Steering;
struct ForcedEvent;

struct RecorderSettings {
  std::string state_dir;  ///< resolved; empty: no journal
  JournalSettings journal;
  std::vector<HookSettings> hooks;
  std::string server;  ///< the name that hooks give
};

struct RecorderCounters {
  std::uint64_t written = 0;       ///< entries in the journal
  std::uint64_t queue_full = 0;    ///< entries dropped
  std::uint64_t write_failed = 0;  ///< entries that the disk did not take
  std::vector<HookCounters> hooks;
};

class Recorder {
 public:
  /// Starts the thread and notes "start". Never fails: a journal that cannot be written is logged and
  /// counted.
  Recorder(const RecorderSettings& settings, const std::string& version);
  /// stop(), unless that has been called.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Thread: any.
  void note(Entry entry);
  void note(const health::Event& event);
  void note(const ForcedEvent& event);

  // Thread: main.
  /// After each reload. Takes effect with the next entry.
  void configure(const RecorderSettings& settings);
  /// After each reload, good or bad; `messages` as `gslbd check` prints them.
  void note_reload(bool successful, std::uint64_t generation, const std::vector<std::string>& messages);
  /// A new configuration serves: its plan, what is believed of it, and its pools.
  void note_installed(const Steering& steering, std::span<const health::Believed> believed);
  /// The members of these pools may count otherwise than before.
  void note_pools(const Steering& steering, std::span<const std::uint32_t> pools);
  /// Notes "stop", writes what waits and ends; hooks get Hooks::kGrace. Everything noted later is dropped.
  void stop(const std::string& why);

  // Thread: any.
  /// The newest entries that match; none without a state directory.
  JournalPage journal(const JournalQuery& query) const;
  /// Targets first, then sites.
  std::vector<UptimeFigures> uptime() const;
  RecorderCounters counters() const;

 private:
  struct Item {
    Entry entry;
    std::shared_ptr<const RecorderSettings> settings;  ///< instead of an entry
  };

  void note_all(std::vector<Entry> entries);
  void run();
  void change(const RecorderSettings& settings);
  void replay();
  void tell_known();
  void begin(Entry& start);
  void work_off(std::vector<Item> items);
  void write(const std::string& lines, std::uint64_t count);
  void note_losses(std::string& lines, std::uint64_t& count);

  const SystemClock clock_{};
  BoundedQueue<Item> queue_;
  Hooks hooks_;
  PlanWatch watch_;  ///< main's
  bool stopped_ = false;

  mutable std::mutex mutex_;  ///< guards what stands below it
  std::string directory_;
  Uptime uptime_;

  // The thread's own.
  std::unique_ptr<JournalFile> file_;
  bool configured_ = false;  ///< for the first time
  std::uint64_t sequence_ = 0;
  std::uint64_t losses_told_ = 0;
  bool failing_ = false;
  MonotonicTime pruned_at_{};

  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> write_failed_{0};
  std::thread thread_;
};

}  // namespace gslbd::server
