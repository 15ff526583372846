// SPDX-License-Identifier: Apache-2.0
#pragma once
// memcpy and memcmp for the few octets that names and records have. How many they are is known only at run
// time, so the library's would be calls; these are two or four moves that overlap. They write exactly `n`
// octets, and read no others.
//
// Thread: pure functions.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gslbd {

/// Sixteen octets as one value: the compiler makes vector instructions of what is done with it.
using Octets16 = std::uint8_t __attribute__((vector_size(16)));

namespace detail {

template <class T>
inline T load_octets(const std::uint8_t* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Copies the first and the last sizeof(T) octets of `n`, which is from sizeof(T) to twice that.
template <class T>
inline void copy_ends(std::uint8_t* to, const std::uint8_t* from, std::size_t n) noexcept {
  const T first = load_octets<T>(from);
  const T last = load_octets<T>(from + n - sizeof(T));
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + n - sizeof last, &last, sizeof last);
}

/// Compares them.
template <class T>
inline bool equal_ends(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) noexcept {
  const std::size_t last = n - sizeof(T);
  return ((load_octets<T>(a) ^ load_octets<T>(b)) | (load_octets<T>(a + last) ^ load_octets<T>(b + last))) ==
         0;
}

}  // namespace detail

/// The ranges must not overlap.
inline void copy_octets(std::uint8_t* to, const std::uint8_t* from, std::size_t n) noexcept {
  if (n > 64) {
    std::memcpy(to, from, n);
  } else if (n >= 32) {
    detail::copy_ends<Octets16>(to, from, 32);
    detail::copy_ends<Octets16>(to + n - 32, from + n - 32, 32);
  } else if (n >= 16) {
    detail::copy_ends<Octets16>(to, from, n);
  } else if (n >= 8) {
    detail::copy_ends<std::uint64_t>(to, from, n);
  } else if (n >= 4) {
    detail::copy_ends<std::uint32_t>(to, from, n);
  } else if (n > 0) {
    to[0] = from[0];
    to[n / 2] = from[n / 2];
    to[n - 1] = from[n - 1];
  }
}

inline bool equal_octets(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) noexcept {
  if (n > 16) return std::memcmp(a, b, n) == 0;
  if (n >= 8) return detail::equal_ends<std::uint64_t>(a, b, n);
  if (n >= 4) return detail::equal_ends<std::uint32_t>(a, b, n);
  return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

}  // namespace gslbd
