// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the bodies of commands say.
//
// Thread: pure functions.

#include <optional>
#include <string>

#include "core/json.h"
#include "core/time.h"
#include "server/control/forced_scope.h"
#include "server/steering/forced.h"

namespace gslbd::server {

/// {"site": "fra", "state": "drain", "reason": "...", "author": "...", "for": "2h"}
struct ForceRequest {
  ForcedScope scope;
  ForcedState state = ForcedState::drain;
  std::string reason;
  std::string author;
  std::optional<Duration> lasting;
};

/// {"site": "fra", "author": "..."}; also of resume, where the scope is a target.
struct ReleaseRequest {
  ForcedScope scope;
  std::string author;
};

/// Text that is shown on terminals and written to logs: one line of at most so many octets, no control
/// characters. Empty when it is not that, which is reported.
std::string read_line(const JsonView& v, std::size_t longest);
constexpr std::size_t kLongestReason = 500;

// Each reports what is wrong and returns nullopt then.
std::optional<ForceRequest> read_force(const Json& body, Diagnostics& diagnostics);
std::optional<ReleaseRequest> read_release(const Json& body, Diagnostics& diagnostics);
std::optional<ReleaseRequest> read_resume(const Json& body, Diagnostics& diagnostics);

}  // namespace gslbd::server
