// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a complete HTTP response says about the target, whatever version of HTTP brought it.
//
// Thread: any.

#include <string_view>

#include "health/outcome.h"

namespace gslbd::health {

struct HttpOptions;

struct HttpAnswer {
  long status = 0;
  std::string_view body;              ///< empty unless the options want it
  std::size_t body_size = 0;          ///< octets that were read
  bool body_cut = false;              ///< there was more
  std::string_view grpc_status = {};  ///< of the trailer
  std::string_view grpc_message = {};
};

/// By status, body and JSON as the options want them.
Outcome judge_answer(const HttpOptions& o, const HttpAnswer& answer);

}  // namespace gslbd::health
