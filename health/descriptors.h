// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many descriptors this process may have, and who may have them:
//
//   a quarter   probes in flight (server/app/derived_settings.cc); one over HTTP/2 takes three, for
//               a moment four
//   a half      connections that stay: held ones, and idle ones of checks that reuse them
//   the rest    clients over TCP (server/net), the journal, files
//
// Each part is a most, none is kept free: clients alone may have half, and probes 1,024 under any limit. What
// finds no descriptor does without, and a probe that ends for that says nothing about its target.
//
// Thread: the limit any; places the loop's.

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gslbd::health {

inline std::size_t descriptor_limit() {
  constexpr std::size_t kPlenty = 131'072;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kPlenty;
  return std::min<std::size_t>(limit.rlim_cur, kPlenty);
}

/// Places for connections that stay, which held and idle ones share. Held ones go first, as somebody asked
/// for them: idle ones only have what they leave, also those that are not made yet. Who has no place does
/// without: a target is probed all the same, and a probe makes a connection of its own.
///
/// Invariant: no more places are taken than there are, unless their number was lowered meanwhile.
class LastingConnections {
 public:
  /// One connection's place, given back when it is destroyed or overwritten.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(counter_, other.counter_);
      other.give_back();
      return *this;
    }
    ~Place() { give_back(); }
    explicit operator bool() const { return counter_ != nullptr; }

   private:
    friend class LastingConnections;
    explicit Place(std::size_t& counter) : counter_(&counter) { ++counter; }
    void give_back() {
      if (counter_ != nullptr) --*std::exchange(counter_, nullptr);
    }
    std::size_t* counter_ = nullptr;
  };

  void set_limit(std::size_t limit) { limit_ = limit; }

  /// Empty when there is none left.
  Place for_held() { return held_ + idle_ < limit_ ? Place(held_) : Place(); }
  Place for_idle() { return std::max(held_, wanted_) + idle_ < limit_ ? Place(idle_) : Place(); }
  /// For how many targets a connection is to be held, whether or not one is.
  void want_held(std::size_t targets) { wanted_ = targets; }

 private:
  std::size_t limit_ = descriptor_limit() / 2;
  std::size_t held_ = 0;
  std::size_t idle_ = 0;
  std::size_t wanted_ = 0;
};

}  // namespace gslbd::health
