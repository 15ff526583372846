// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check type tcp is told: where to connect, and the conversation to have there.
//
// Thread: immutable once read; any.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "health/body_pattern.h"
#include "health/check.h"
#include "health/stream/tls.h"

namespace gslbd::health {

struct TcpPreset;

/// One turn of the conversation: we say something, or nothing, and wait for an answer, or not.
struct TcpStep {
  std::string send;
  std::shared_ptr<const BodyPattern>
      expect;  ///< searched in what came since the last step; null: nothing is expected
};

struct TcpOptions final : CheckOptions {
  std::uint16_t port = 0;
  const TcpPreset* preset = nullptr;
  std::vector<TcpStep> steps;  ///< empty: the connection is all
  std::string farewell;        ///< said before a polite end
  bool first_line = false;     ///< the first line of an answer decides
  bool use_tls = false;
  TlsSettings tls;
};

/// How much of an answer is looked at.
inline constexpr std::size_t kMostOfAnAnswer = 4096;

}  // namespace gslbd::health
