// SPDX-License-Identifier: Apache-2.0
#pragma once
// The "listen" key: where DNS is answered, whom, and which peers speak the PROXY protocol. An element is an
// address with port, or an object with that address and its rules.
//
// Thread: plain data.

#include <memory>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/json_fields.h"
#include "core/prefix.h"
#include "server/answer/access_list.h"

namespace gslbd::server {

/// Who may ask, as a file says it: of a listener, or of a zone.
struct AccessRules {
  std::vector<Prefix> allow;
  std::vector<Prefix> deny;
  bool operator==(const AccessRules&) const = default;

  bool empty() const { return allow.empty() && deny.empty(); }
  AccessList list() const { return {allow, deny}; }
};

struct ListenConfig {
  Endpoint endpoint;
  AccessRules access;
  std::vector<Prefix> proxy_from;  ///< peers that put a PROXY header before what they pass on
  bool operator==(const ListenConfig&) const = default;
};

/// A prefix that is allowed and denied in the same place is a mistake: reported at `pointer` + "/deny".
void check_access(const AccessRules& rules, const std::string& file, const std::string& pointer,
                  Diagnostics& diagnostics);

/// Every mistake is reported; elements without a usable address are left out.
void read_listen(const JsonView& v, std::vector<ListenConfig>& out);

std::span<const Field<ListenConfig>> listen_fields();

}  // namespace gslbd::server
