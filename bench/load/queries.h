// SPDX-License-Identifier: Apache-2.0
#pragma once
// Queries: the messages that a run sends, over and over, from a file. Each stands there as over TCP: two
// octets of length, then the message (RFC 1035 §4.2.2). What is in them is up to whoever wrote the file; only
// the ID is ours. In memory they lie one after the other, so that reading them costs little of the cache.
//
// Thread: one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace gslbd::bench {

inline constexpr std::size_t kMaxQuerySize = 512;

class Queries {
 public:
  using Message = std::span<const std::uint8_t>;

  static Result<Queries> read(const std::string& path);
  static Result<Queries> parse(std::string_view octets);

  /// Puts them in another order: runs of at most `longest` messages of equal length, as one UDP_SEGMENT send
  /// wants them. Within a length the order stays; the runs of all lengths are shuffled, always alike.
  void group_by_length(std::size_t longest);

  std::size_t size() const { return places_.size(); }

  /// The next message; after the last comes the first.
  Message next() {
    const Place place = places_[at_];
    at_ = at_ + 1 == places_.size() ? 0 : at_ + 1;
    return message(place);
  }

  /// How many of the next messages have the same length, at most `most`; a run ends with the file, too.
  std::size_t run(std::size_t most) const;

 private:
  struct Place {
    std::uint32_t offset;
    std::uint16_t length;
  };

  Message message(Place place) const { return {octets_.data() + place.offset, place.length}; }

  std::vector<std::uint8_t> octets_;
  std::vector<Place> places_;
  std::size_t at_ = 0;
};

}  // namespace gslbd::bench
