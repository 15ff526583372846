// SPDX-License-Identifier: Apache-2.0
#pragma once
// The options of the checks that speak HTTP, as tables: http, https and, in part, grpc.
//
// Thread: constants; any.

#include <string>

#include "core/json_fields.h"
#include "health/check.h"

namespace gslbd::health {

extern const Field<Check> kHttpExpectFields[3];  ///< inside "expect"
extern const Field<Check> kHttpSharedFields[11];

void read_http_port(const JsonView& v, Check& c);
void read_tls_verify(const JsonView& v, Check& c);
void read_ca_file(const JsonView& v, Check& c);
/// A name as it stands in a Host header, perhaps with a port.
void read_host_name(const JsonView& v, std::string& out);

}  // namespace gslbd::health
