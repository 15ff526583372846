// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hook: one hook with its thread: entries are grouped, messages sent, failures tried again with growing
// pauses. What comes in meanwhile joins the next message. While this server is cut off no message is given up
// for want of a connection: that it is cut off is the one that matters most.
//
// Thread: tell(), counters(), ended() any; the rest one at a time.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "server/hooks/delivery.h"
#include "server/hooks/grouping.h"
#include "server/hooks/hooks.h"
#include "server/journal/bounded_queue.h"

namespace gslbd::server {

class Hook {
 public:
  Hook(const HookSettings& settings, std::string server);
  /// join()
  ~Hook();
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  const HookSettings& settings() const { return settings_; }
  const std::string& server() const { return server_; }

  /// Takes the entry if the hook tells of its kind, and if it is news: who is found alive after a start is
  /// not.
  void tell(const Entry& entry);
  /// Takes no more entries, sends what waits, and has ended soon after `deadline` at the latest.
  void end_by(MonotonicTime deadline);
  bool ended() const { return ended_; }
  void join();
  HookCounters counters() const;

  /// The pause after the `attempt`-th failure in a row, from 0: 1 s, 2 s, 4 s, ..., 1 min.
  static Duration pause_after(std::uint32_t attempt);

 private:
  void run();
  void collect(Grouping& grouping, std::optional<MonotonicTime> until);
  void deliver(const HookMessage& message, Grouping& grouping);
  /// False: it makes no sense to try again.
  bool attempt(const HookMessage& message, const MessageSender& sender, std::uint32_t number);
  bool past_deadline() const;
  void note_isolation(const Entry& entry);

  const HookSettings settings_;
  const std::string server_;
  const SystemClock clock_{};
  const std::int64_t started_ms_;
  const std::unique_ptr<Delivery> delivery_;
  BoundedQueue<Entry> queue_;
  std::uint64_t messages_ = 0;
  std::uint64_t dropped_told_ = 0;
  std::atomic<Duration::rep> deadline_;  ///< since the monotonic clock's epoch
  std::atomic<bool> ended_{false};
  std::atomic<bool> isolated_[2] = {false, false};  ///< this server, from IPv4, from IPv6
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> retried_{0};
  std::thread thread_;
};

}  // namespace gslbd::server
