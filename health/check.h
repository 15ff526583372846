// SPDX-License-Identifier: Apache-2.0
#pragma once
// A check: how to probe an address and when to believe what comes back. Read from JSON through one table a
// type (check_type.h), from which the reference page is tested too.
//
// Invariants after read_check(): 0 < timeout <= interval, 0 < confirm_interval <= interval, rise and fall
// >= 1.
//
// Thread: immutable once read; any.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/json_fields.h"
#include "core/time.h"
#include "health/body_pattern.h"

namespace gslbd::health {

struct CheckType;

struct TcpOptions {
  std::uint16_t port = 0;
};

struct IcmpOptions {
  std::uint16_t size = 56;  ///< octets after the ICMP header, as ping counts them
};

/// Both ends belong to the range.
struct StatusRange {
  std::uint16_t first;
  std::uint16_t last;
};

struct HttpOptions {
  bool tls = false;
  std::uint16_t port = 80;
  std::string path = "/";
  std::string method = "GET";
  std::string host;  ///< the Host header as it is sent; empty: the address
  std::string sni;   ///< the name in the TLS handshake and in the certificate; empty: host
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<StatusRange> status{{200, 299}};
  std::shared_ptr<const BodyPattern> body;  ///< null: any body will do
  bool tls_verify = true;
  std::string ca_file;  ///< empty: the system's authorities

  bool wants_status(long code) const;
};

using CheckOptions = std::variant<TcpOptions, HttpOptions, IcmpOptions>;

struct Check {
  std::string name;
  const CheckType* type = nullptr;  ///< a row of the registry; never null once read
  Duration interval = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(1);
  Duration confirm_interval = std::chrono::milliseconds(250);
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  double jitter = 0.1;  ///< each interval is stretched or shortened by up to this fraction
  CheckOptions options;

  /// Everything that defines the probe and its schedule, in one canonical line. Equal fingerprints mean that
  /// one target can serve both checks, whatever their names.
  std::string fingerprint() const;
};

/// Reads one check; every mistake is reported. nullopt when there was any.
std::optional<Check> read_check(const JsonView& v, std::string name);

/// "200", "200-299, 404": status ranges as messages print them.
std::string format_status(const std::vector<StatusRange>& ranges);
/// The names of all types, in the order of the registry.
std::vector<std::string_view> check_type_names();
/// Every option of checks of that type, the common ones first; empty for a type that does not exist.
std::vector<FieldDoc> check_field_docs(std::string_view type);

}  // namespace gslbd::health
