// SPDX-License-Identifier: Apache-2.0
#include "server/config/listen_config.h"

#include <algorithm>

namespace gslbd::server {
namespace {

// An empty list of those who may ask would read as "nobody" and mean "everybody": it must be said.
void read_allow(const JsonView& v, ListenConfig& l) {
  if (v.json().is_array() && v.json().empty()) return v.expected("at least one prefix");
  l.access.allow = read_prefixes(v);
}

void read_address_of(const JsonView& v, ListenConfig& l) {
  const auto text = read_string(v);
  if (!text) return;
  const auto endpoint = Endpoint::parse(*text);
  if (!endpoint) return v.error(endpoint.error().message);
  l.endpoint = *endpoint;
}

void read_proxy_from(const JsonView& v, ListenConfig& l) {
  l.proxy_from = read_prefixes(v);
  for (const Prefix& p : l.proxy_from) {
    if (p.length() == 0) v.warning(p.to_string() + " is everybody: whoever asks can claim any address");
  }
}

const Field<ListenConfig> kListenFields[] = {
    {"address", "address with port", "required", "where to answer; port 0: a free one, see conventions",
     read_address_of},
    {"allow", "prefix, or list of them", "everybody",
     "who may ask here; the longest prefix in `allow` and `deny` that covers the client decides, and with "
     "`allow` all others are refused",
     read_allow},
    {"deny", "prefix, or list of them", "nobody", "who may not ask here",
     [](const JsonView& v, ListenConfig& l) { l.access.deny = read_prefixes(v); }},
    {"proxy_from", "prefix, or list of them", "none",
     "peers that must put a PROXY protocol header, version 2, before what they pass on; the client it names "
     "counts everywhere else. A change needs a restart",
     read_proxy_from},
};

// nullopt after reporting.
std::optional<ListenConfig> read_element(const JsonView& v) {
  ListenConfig out;
  const std::size_t errors = v.diagnostics().error_count();
  if (v.json().is_object()) {
    read_object<ListenConfig>(v, kListenFields, out);
    check_access(out.access, v.file(), v.pointer(), v.diagnostics());
  } else if (v.json().is_string()) {
    read_address_of(v, out);
  } else {
    v.expected("an address with port, or an object with \"address\"");
  }
  return v.diagnostics().error_count() == errors ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

void check_access(const AccessRules& rules, const std::string& file, const std::string& pointer,
                  Diagnostics& diagnostics) {
  for (const Prefix& p : rules.deny) {
    if (std::find(rules.allow.begin(), rules.allow.end(), p) != rules.allow.end()) {
      diagnostics.error(file, pointer + "/deny", p.to_string() + " is allowed, too: which is meant?");
    }
  }
}

void read_listen(const JsonView& v, std::vector<ListenConfig>& out) {
  if (!v.json().is_array() || v.json().empty()) {
    return v.expected("a list of addresses with ports, such as [\"0.0.0.0:53\", \"[::]:53\"]");
  }
  for (std::size_t i = 0; i < v.json().size(); ++i) {
    auto element = read_element(v.element(i));
    if (!element) continue;
    const Endpoint& endpoint = element->endpoint;
    const auto same = [&](const ListenConfig& l) { return l.endpoint == endpoint; };
    if (endpoint.port != 0 && std::any_of(out.begin(), out.end(), same)) {
      v.element(i).error(endpoint.to_string() + " stands twice in this list");
    } else {
      out.push_back(std::move(*element));
    }
  }
}

std::span<const Field<ListenConfig>> listen_fields() {
  return kListenFields;
}

}  // namespace gslbd::server
