// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check type tls is told, and how it judges a certificate's age.
//
// Thread: immutable once read; any.

#include <cstdint>

#include "health/check.h"
#include "health/outcome.h"
#include "health/stream/tls.h"

namespace gslbd::health {

struct TlsOptions final : CheckOptions {
  std::uint16_t port = 443;
  TlsSettings tls;
  std::uint16_t warn_days = 14;  ///< fewer days left: a pass, and a warning in its detail
  std::uint16_t fail_days = 0;   ///< fewer days left: a failure
};

/// What a certificate that expires then is worth at `now`.
Outcome judge_expiry(const CertificateExpiry& expiry, const TlsOptions& options, WallTime now);

}  // namespace gslbd::health
