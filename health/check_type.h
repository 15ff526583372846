// SPDX-License-Identifier: Apache-2.0
#pragma once
// A type of check is one row: its name, its options and the transport that probes. The explicit registry is
// in check_type.cc; a new type costs a file under types/ and a row there.
//
// Thread: constants; any.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json_fields.h"
#include "health/check.h"
#include "health/transport.h"

namespace gslbd::health {

class Heartbeats;
class UvLoop;

/// What production transports are made of.
struct ProbeContext {
  UvLoop& loop;
  Heartbeats& heartbeats;
};

struct CheckType {
  std::string_view name;
  std::string_view help;  ///< one sentence for the reference page
  std::shared_ptr<CheckOptions> (*defaults)();
  std::span<const Field<Check>> fields;              ///< the type's own options
  std::span<const Field<Check>> shared_fields = {};  ///< options shared with related types
  std::span<const Field<Check>> expect_fields =
      {};  ///< options inside the "expect" object, when there is one
  /// Rules between options, after all were read; reports at `v`. May be null.
  void (*verify)(const JsonView& v, const Check& check) = nullptr;
  /// Appends the options in canonical form; for the fingerprint.
  void (*describe)(const Check& check, std::string& out);
  std::unique_ptr<Transport> (*make_transport)(const ProbeContext& context);
  /// Probes of this type cross the network: when unrelated ones fail together, it may be the prober that is
  /// cut off.
  bool crosses_network = true;
  /// Runs or reads what stands on this machine: only the configuration file may have such checks, or whoever
  /// may edit a zone file could do that with the server's rights.
  bool local_power = false;
  /// The port to which `hold` keeps an idle connection; null: the type has no such option.
  std::optional<std::uint16_t> (*hold_port)(const Check& check) = nullptr;
};

/// For the rows of the registry: options as they are made, and a transport that needs the loop alone.
template <class Options>
std::shared_ptr<CheckOptions> default_options() {
  return std::make_shared<Options>();
}
template <class OnLoop>
std::unique_ptr<Transport> make_on_loop(const ProbeContext& context) {
  return std::make_unique<OnLoop>(context.loop);
}

extern const CheckType kTcpCheck;
extern const CheckType kTlsCheck;
extern const CheckType kHttpCheck;
extern const CheckType kHttpsCheck;
extern const CheckType kGrpcCheck;
extern const CheckType kIcmpCheck;
extern const CheckType kUdpCheck;
extern const CheckType kDnsCheck;
extern const CheckType kExecCheck;
extern const CheckType kPushCheck;
extern const CheckType kFileCheck;

std::span<const CheckType* const> check_types();
/// nullptr when there is none of that name.
const CheckType* find_check_type(std::string_view name);

}  // namespace gslbd::health
