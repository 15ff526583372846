// SPDX-License-Identifier: Apache-2.0
#pragma once
// The "tcp" key: the limits on TCP connections. All of it takes effect with a restart.
//
// Thread: plain data.

#include <span>

#include "core/json_fields.h"
#include "server/net/tcp_options.h"

namespace gslbd::server {

/// Every mistake is reported.
void read_tcp(const JsonView& v, TcpOptions& out);

std::span<const Field<TcpOptions>> tcp_fields();

}  // namespace gslbd::server
