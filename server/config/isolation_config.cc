// SPDX-License-Identifier: Apache-2.0
#include "server/config/isolation_config.h"

#include <fmt/format.h>

#include "health/check_type.h"
#include "server/config/pool_reader.h"

namespace gslbd::server {
namespace {

const Field<CanaryConfig> kCanaryFields[] = {
    {"check", "name of a check", "required", "how it is probed; a check of the configuration file",
     [](const JsonView& v, CanaryConfig& c) { c.check = read_string(v).value_or(""); }},
    {"address", "address", "required", "what is probed",
     [](const JsonView& v, CanaryConfig& c) {
       const auto text = read_string(v);
       if (!text) return;
       if (auto address = Address::parse(*text)) {
         c.address = *address;
       } else {
         v.error(address.error().message);
       }
     }},
};

const Field<IsolationConfig> kIsolationFields[] = {
    {"canaries", "list of objects", "none",
     "probed only to know whether this server is connected: a gateway, resolvers; asked where no other site "
     "is "
     "left to ask",
     [](const JsonView& v, IsolationConfig& c) {
       if (!v.json().is_array())
         return v.expected("a list of objects, such as {\"check\": \"ping\", \"address\": \"192.0.2.1\"}");
       for (std::size_t i = 0; i < v.json().size(); ++i) {
         CanaryConfig canary;
         read_object<CanaryConfig>(v.element(i), kCanaryFields, canary);
         c.canaries.push_back(std::move(canary));
       }
     }},
};

}  // namespace

std::span<const Field<CanaryConfig>> canary_fields() {
  return kCanaryFields;
}
std::span<const Field<IsolationConfig>> isolation_fields() {
  return kIsolationFields;
}

void read_isolation(const JsonView& v, IsolationConfig& out) {
  if (v.json().is_boolean()) {
    out.on = v.json().get<bool>();
    return;
  }
  if (!v.json().is_object()) return v.expected("an object, or false");
  read_object<IsolationConfig>(v, kIsolationFields, out);
}

std::vector<health::TargetSpec> canary_targets(const IsolationConfig& config, const Scope& scope,
                                               const std::string& file, Diagnostics& diagnostics) {
  std::vector<health::TargetSpec> targets;
  for (std::size_t i = 0; i < config.canaries.size(); ++i) {
    const CanaryConfig& canary = config.canaries[i];
    if (canary.check.empty()) continue;  // the reader has said so
    const auto check = scope.check(canary.check);
    const std::string at = fmt::format("/isolation/canaries/{}/check", i);
    if (check == nullptr) {
      const std::string_view hint = nearest(canary.check, scope.check_names());
      diagnostics.error(file, at,
                        fmt::format("there is no check \"{}\"{}", canary.check,
                                    hint.empty() ? "" : fmt::format("; did you mean \"{}\"?", hint)));
    } else if (!check->type->crosses_network) {
      diagnostics.error(
          file, at,
          fmt::format("checks of type {} do not cross the network: they cannot tell whether this "
                      "server is connected",
                      check->type->name));
    } else {
      targets.push_back({check, canary.address, {}, true});
    }
  }
  return targets;
}

}  // namespace gslbd::server
