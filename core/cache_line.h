// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one thread writes all the time must not share a cache line with what others read or write, or the line
// travels between cores for nothing (false sharing).

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace gslbd {

/// Octets of a cache line; processors fetch them in pairs, so what is to be apart is two lines apart.
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kApart = 2 * kCacheLine;

/// Allocates from a line of its own to a line's end.
template <class T>
struct ApartAllocator {
  using value_type = T;
  ApartAllocator() = default;
  template <class U>
  explicit(false) ApartAllocator(const ApartAllocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (whole_lines(n), std::align_val_t{kApart}));
  }
  void deallocate(T* at, std::size_t) noexcept { ::operator delete (at, std::align_val_t{kApart}); }
  bool operator==(const ApartAllocator&) const noexcept { return true; }

 private:
  static std::size_t whole_lines(std::size_t n) { return (n * sizeof(T) + kApart - 1) / kApart * kApart; }
};

/// A vector for what one thread writes.
template <class T>
using ApartVector = std::vector<T, ApartAllocator<T>>;

}  // namespace gslbd
