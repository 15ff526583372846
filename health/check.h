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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_fields.h"
#include "core/time.h"
#include "health/damping.h"

namespace gslbd::health {

struct CheckType;

/// What one type of check is told beyond the common settings: each type derives its own (types/).
struct CheckOptions {
  virtual ~CheckOptions() = default;
};

/// How a target that recovered comes back.
enum class Failback : std::uint8_t { automatic, delayed, manual };

struct Check {
  std::string name;
  const CheckType* type = nullptr;  ///< a row of the registry; never null once read
  Duration interval = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(1);
  Duration confirm_interval = std::chrono::milliseconds(250);
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  Duration max_age{0};  ///< a verdict without evidence for this long becomes unknown
  Failback failback = Failback::automatic;
  Duration failback_delay{0};  ///< for delayed: how long it must have been well
  std::optional<DampingRules> damping;
  bool hold = false;    ///< an idle connection to each target is held; its end makes the engine probe at once
  double jitter = 0.1;  ///< each interval is stretched or shortened by up to this fraction
  std::shared_ptr<CheckOptions> options;  ///< of the class that `type` makes; never null once read

  /// The options as the class that the check's type made them.
  template <class Options>
  Options& as() {
    return static_cast<Options&>(*options);
  }
  template <class Options>
  const Options& as() const {
    return static_cast<const Options&>(*options);
  }

  /// Everything that defines the probe and its schedule, in one canonical line. Equal fingerprints mean that
  /// one target can serve both checks, whatever their names.
  std::string fingerprint() const;
};

/// Types that the caller reads itself, so that who mistypes one is told of them and of nothing else.
struct OtherTypes {
  std::span<const std::string_view> names;
  std::span<const std::string_view> keys;  ///< of their options
};

/// Reads one check; every mistake is reported. nullopt when there was any.
std::optional<Check> read_check(const JsonView& v, std::string name, const OtherTypes& others = {});

/// The names of all types, in the order of the registry.
std::vector<std::string_view> check_type_names();
/// The options of checks of that type alone; without a type those that all have. Empty for a type that does
/// not exist.
std::vector<FieldDoc> check_field_docs(std::string_view type);

}  // namespace gslbd::health
