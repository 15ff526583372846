// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check type tcp is told.
//
// Thread: immutable once read; any.

#include <cstdint>

#include "health/check.h"

namespace gslbd::health {

struct TcpOptions final : CheckOptions {
  std::uint16_t port = 0;
};

}  // namespace gslbd::health
