// SPDX-License-Identifier: Apache-2.0
#pragma once
// LargeArray: a vector of plain values for what may have a hundred megabytes and is read at random, such as a
// zone's names.
//
//   small   from the heap, to the octet: ten thousand zones of a few names must not round up to pages
//   large   from the system in huge pages, where it grants them (madvise(2), MADV_HUGEPAGE): 2 MB need one
//           entry in the processor's table of addresses instead of 512, so that a random read misses once,
//           not twice. What is reserved and never touched costs nothing, growing moves pages instead of
//           copying them, and all of it goes back to the system when it is freed.
//
// Both begin at a cache line. Values are set to zero when the array grows, and moved as octets.
//
// Thread: as std::vector: const members from any thread at once.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace gslbd {

/// A block of memory of either kind. Failure to get any is std::bad_alloc.
class LargeMemory {
 public:
  /// Blocks of so many octets and more are in huge pages.
  static constexpr std::size_t kLarge = std::size_t{2} << 20;

  LargeMemory() = default;
  explicit LargeMemory(std::size_t octets);
  LargeMemory(LargeMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  LargeMemory& operator=(LargeMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  LargeMemory(const LargeMemory&) = delete;
  LargeMemory& operator=(const LargeMemory&) = delete;
  ~LargeMemory();

  std::uint8_t* data() const noexcept { return data_; }
  /// Octets that are there; of a large block always whole pages.
  std::size_t capacity() const noexcept { return capacity_; }

  /// Room for at least `octets`. Of what was there, the first `used` octets stay; what is behind them is
  /// undefined.
  void resize(std::size_t octets, std::size_t used);

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t capacity_ = 0;
};

template <class T>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  LargeArray() = default;
  LargeArray(LargeArray&& other) noexcept
      : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }
  explicit LargeArray(std::size_t size) { resize(size); }

  T* data() noexcept { return reinterpret_cast<T*>(memory_.data()); }
  const T* data() const noexcept { return reinterpret_cast<const T*>(memory_.data()); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  T& back() noexcept { return data()[size_ - 1]; }
  /// Octets of memory that it holds.
  std::size_t memory() const noexcept { return memory_.capacity(); }

  void reserve(std::size_t size) {
    if (size * sizeof(T) > memory_.capacity()) memory_.resize(size * sizeof(T), size_ * sizeof(T));
  }
  /// New values are zero.
  void resize(std::size_t size) {
    make_room(size);
    if (size > size_) std::memset(static_cast<void*>(data() + size_), 0, (size - size_) * sizeof(T));
    size_ = size;
  }
  void push_back(const T& value) { append(std::span(&value, 1)); }
  /// `values` must not be its own.
  void append(std::span<const T> values) {
    make_room(size_ + values.size());
    if (!values.empty()) std::memcpy(static_cast<void*>(end()), values.data(), values.size_bytes());
    size_ += values.size();
  }
  void clear() noexcept { size_ = 0; }
  /// Gives back what is reserved and not used.
  void shrink_to_fit() { memory_.resize(size_ * sizeof(T), size_ * sizeof(T)); }

 private:
  void make_room(std::size_t size) {
    const std::size_t octets = size * sizeof(T);
    if (octets > memory_.capacity()) {
      memory_.resize(std::max(octets, memory_.capacity() * 3 / 2), size_ * sizeof(T));
    }
  }

  LargeMemory memory_;
  std::size_t size_ = 0;
};

}  // namespace gslbd
