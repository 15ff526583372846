// SPDX-License-Identifier: Apache-2.0
#pragma once
// RateAccounts: how much of its rate each of a great many accounts has used, in fixed memory that all workers
// share without locks.
//
// An account is one 64-bit word: a tag that tells accounts apart, how many of its responses were limited, and
// the time at which it is clear again. That time is the whole of the rate limit (GCRA, the "virtual
// scheduling" of ITU-T I.371): each response lets it grow by the interval between two at the account's rate,
// and a response is within the limit while it lies no further ahead than the burst allows. Nothing has to be
// refilled, and one compare-and-swap settles a response.
//
// Eight accounts share a cache line, and the hash says which line. An account that is clear has no debts and
// is as good as an empty word, so a new one takes the place of the one that is clear first:
//  - An account takes room only until it is clear, so the table needs queries per second ÷ rate accounts to
//    forget none: 20,000 for 100,000 queries a second from as many prefixes at a rate of 5.
//  - Who is over the limit has the most debts of all and goes last. To be forgotten, a flooded account must
//    see seven others on its line flooded more than itself. Nobody can aim at a line (the hash is keyed), so
//    that takes floods at the full rate for as many accounts as the whole table has.
//  - New accounts start without debts, on a line full of floods as well: a spray of made-up prefixes locks
//    out nobody.
//
// Workers that race for a new account can each make one: their clocks differ by a batch. Its owner then has
// twice its burst, once. 16 bits of tag beside those that choose the line: of two accounts on one line, one
// pair in 65,536 shares its limit.
//
// Thread: charge() from any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/time.h"

namespace gslbd::server {

class RateAccounts {
 public:
  /// A rate as the accounts want it.
  struct Limit {
    std::uint64_t interval_ticks = 0;   ///< between two responses at the rate; 0: unlimited
    std::uint64_t tolerance_ticks = 0;  ///< how far ahead of its rate an account may be

    /// `per_second` up to a million; `burst` up to a minute. The interval is rounded up to a tick, so that
    /// the rate is never exceeded (at 100,000 a second it is 0.5 % low).
    static Limit from(std::uint32_t per_second, Duration burst);
  };

  struct Ruling {
    bool within;
    /// Of those limited: 1, 2 and so on up to the period, then 1 again.
    std::uint32_t nth_limited;
  };

  /// At least `accounts` of them, 8 octets each. `period`, 1 to 255, is where the count of limited responses
  /// starts again; with 1, no count is kept.
  RateAccounts(std::size_t accounts, std::uint32_t period);

  /// One response for the account of that hash, all of whose 64 bits must be unpredictable.
  Ruling charge(std::uint64_t hash, const Limit& limit, MonotonicTime now) noexcept;

  std::size_t size() const { return lines_.size() * kWays; }

 private:
  static constexpr std::size_t kWays = 8;
  using Cell = std::atomic<std::uint64_t>;
  struct alignas(64) Line {
    std::array<Cell, kWays> cells{};
  };
  /// A cell as it was seen; `known` when it is the account that was looked for, else it is the one to
  /// replace.
  struct Seen {
    Cell* cell;
    std::uint64_t word;
    bool known;
  };

  static Seen look_up(Line& line, std::uint64_t tag, std::uint64_t now) noexcept;

  std::vector<Line> lines_;  ///< a power of two
  std::uint32_t period_;
};

}  // namespace gslbd::server
