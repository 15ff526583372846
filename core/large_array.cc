// SPDX-License-Identifier: Apache-2.0
#include "core/large_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "core/cache_line.h"

namespace gslbd {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t octets, std::size_t unit) {
  return (octets + unit - 1) / unit * unit;
}

std::size_t page_size() {
  static const auto kSize = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return kSize;
}

bool is_mapped(std::size_t capacity) {
  return capacity >= LargeMemory::kLarge;
}

// Addresses that begin where a huge page may begin; `octets` are whole pages.
std::uint8_t* map(std::size_t octets) {
  const std::size_t with_margin = octets + kHugePage;
  void* const mapped =
      mmap(nullptr, with_margin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::uint8_t*>(mapped);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(start) % kHugePage) % kHugePage;
  if (before != 0) munmap(start, before);
  munmap(start + before + octets, with_margin - before - octets);
  // Refused where the kernel has none: small pages do as well, only slower.
  (void)madvise(start + before, octets, MADV_HUGEPAGE);
  return start + before;
}

// Moves whole pages to a larger place; their octets are not touched. The mapping itself grows over the place:
// one moved to the front of another mapping would stay apart from it, and kernels before 6.17 do not move two
// at once.
std::uint8_t* move_pages(std::uint8_t* from, std::size_t octets, std::size_t new_octets) {
  std::uint8_t* const to = map(new_octets);
  if (mremap(from, octets, new_octets, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
    munmap(to, new_octets);
    throw std::bad_alloc();
  }
  return to;
}

}  // namespace

LargeMemory::LargeMemory(std::size_t octets) {
  if (octets == 0) return;
  capacity_ = is_mapped(octets) ? round_up(octets, page_size()) : octets;
  data_ = is_mapped(octets)
              ? map(capacity_)
              : static_cast<std::uint8_t*>(::operator new(octets, std::align_val_t(kCacheLine)));
}

LargeMemory::~LargeMemory() {
  if (data_ == nullptr) return;
  if (is_mapped(capacity_)) {
    munmap(data_, capacity_);
  } else {
    ::operator delete(data_, std::align_val_t(kCacheLine));
  }
}

void LargeMemory::resize(std::size_t octets, std::size_t used) {
  if (is_mapped(octets) && is_mapped(capacity_)) {
    const std::size_t pages = round_up(octets, page_size());
    if (pages > capacity_) {
      data_ = move_pages(data_, capacity_, pages);
    } else if (pages < capacity_) {
      munmap(data_ + pages, capacity_ - pages);
    }
    capacity_ = pages;
  } else if (octets != capacity_) {
    LargeMemory other(octets);
    if (const std::size_t kept = std::min(used, octets); kept != 0) std::memcpy(other.data_, data_, kept);
    *this = std::move(other);
  }
}

}  // namespace gslbd
