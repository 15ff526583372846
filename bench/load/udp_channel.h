// SPDX-License-Identifier: Apache-2.0
#pragma once
// UdpChannel: one connected UDP socket of the load generator, and the queries that wait for an answer on it.
// A query has a slot; the slot's number and a count of its uses are the message's ID, so that an answer finds
// its query without a search, and one that comes too late is told from that to the slot's next query.
//
// Thread: one.

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/load/tally.h"
#include "core/address.h"
#include "core/unique_fd.h"

namespace gslbd::bench {

class UdpChannel {
 public:
  static constexpr unsigned kSlotBits = 12;
  static constexpr unsigned kMaxWindow = 1U << kSlotBits;

  /// Connected to `target`, for `window` queries at a time. Ends the program where the system refuses.
  UdpChannel(const Endpoint& target, unsigned window);

  int fd() const { return fd_.get(); }
  unsigned free() const { return static_cast<unsigned>(free_.size()); }
  bool quiet() const { return free_.size() == slots_.size(); }

  /// The ID for a query that was due at `since`. There must be a free slot.
  std::uint16_t take(Time since);
  /// The query was not sent after all.
  void give_back(std::uint16_t id) { settle(id); }
  /// When the query with this ID was due, which is answered now; nothing if none such is waiting.
  std::optional<Time> settle(std::uint16_t id);
  /// Gives up what was due before `time`; how many that were.
  unsigned expire(Time time);

 private:
  struct Slot {
    Time since = 0;
    std::uint16_t id = 0;
    bool waiting = false;
  };

  UniqueFd fd_;
  std::vector<Slot> slots_;
  std::vector<std::uint16_t> free_;
};

}  // namespace gslbd::bench
