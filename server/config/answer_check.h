// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the options about answers need beside gslbd.json itself: the file of cookie secrets, and the zones
// that the domain for error reports may lie in.
//
// Thread: any one thread.

#include <optional>

#include "server/answer/cookie.h"
#include "server/config/config.h"
#include "zones/zone.h"

namespace gslbd::server {

/// The secrets in "cookies.secret_file"; nullopt when there is no such file to read, or after reporting. A
/// message never quotes the file. Who else may read it is warned of.
std::optional<CookieSecrets> load_cookie_secrets(const Config& config, Diagnostics& diagnostics);

/// A report that gets NXDOMAIN may be the last that a resolver sends (RFC 9567 §6.3, with the aggressive
/// negative caching of RFC 8198): warns when `zone` is where reports end up and does not answer them.
void check_report_agent(const Config& config, const zones::Zone& zone, Diagnostics& diagnostics);

}  // namespace gslbd::server
