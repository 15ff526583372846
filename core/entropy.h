// SPDX-License-Identifier: Apache-2.0
#pragma once
// The kernel's random numbers, for secrets. For everything else there is core/random.h.
//
// Thread: any. May block at boot, until the kernel has gathered enough: for start-up, not for the query path.

#include <sys/random.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace gslbd {

/// Throws std::system_error when the kernel has none to give (before Linux 3.17, or a seccomp filter).
inline void fill_with_entropy(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    if (n > 0) {
      out = out.subspan(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
  }
}

}  // namespace gslbd
