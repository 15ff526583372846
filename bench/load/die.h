// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the programs of the benches end when the system refuses what they cannot do without.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace gslbd::bench {

/// Says what failed, and why by errno.
[[noreturn]] inline void die(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

}  // namespace gslbd::bench
