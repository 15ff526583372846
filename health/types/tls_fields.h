// SPDX-License-Identifier: Apache-2.0
#pragma once
// The options with which the types tcp and tls say whose certificate they want.
//
// Thread: see each function.

#include "health/check.h"
#include "health/stream/tls.h"

namespace gslbd::health {

/// A host name or an address. Reports at `v`. Thread: the one that reads the configuration.
void read_tls_host(const JsonView& v, TlsSettings& out);
/// The name is relative to the configuration's file; the certificates are parsed, so that mistakes are found
/// now. Thread: the one that reads the configuration.
void read_tls_ca_file(const JsonView& v, TlsSettings& out);

/// In canonical form, for a check's fingerprint. Thread: any.
std::string describe_tls(const TlsSettings& tls);

}  // namespace gslbd::health
