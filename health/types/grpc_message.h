// SPDX-License-Identifier: Apache-2.0
#pragma once
// The question and the answer of grpc.health.v1.Health/Check as octets: gRPC's five octets of frame, then one
// field of protobuf. Reading is bounded by the answer's own length and takes anything.
//
// Thread: pure.

#include <string>
#include <string_view>

#include "health/outcome.h"

namespace gslbd::health {

struct GrpcAnswer {
  std::string_view status;   ///< the trailer's grpc-status; empty: none came
  std::string_view message;  ///< its grpc-message
  std::string_view body;     ///< the frame
};

/// At most 255 octets of `service`.
std::string compose_grpc_request(std::string_view service);

Outcome judge_grpc(std::string_view service, const GrpcAnswer& answer);

}  // namespace gslbd::health
