// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the operator says about limiting responses, and the classes that responses are limited by.
//
// Thread: plain data.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/prefix.h"
#include "core/time.h"

namespace gslbd::server {

/// Each class has its own rate: a resolver rarely has reason to ask for the same thing often, but many for
/// asking for different ones, and mistakes come in heaps.
enum class AnswerClass : std::uint8_t { answer, nodata, nxdomain, referral, error };
inline constexpr std::array<std::string_view, 5> kAnswerClassNames = {"answer", "nodata", "nxdomain",
                                                                      "referral", "error"};

struct RateLimitSettings {
  /// Responses a second for one account, by class; 0: unlimited. A class without a number of its own has that
  /// of class `answer`, so that who limits answers leaves no gap for a flood of NXDOMAIN.
  std::array<std::optional<std::uint32_t>, kAnswerClassNames.size()> per_second{};
  /// Responses a second for one prefix, all classes and names together; 0: unlimited.
  std::uint32_t all_per_second = 0;
  /// How much of an account's rate may be used at once after a quiet time. At least one response always may.
  Duration burst = std::chrono::seconds(1);
  /// Every n-th limited response goes out truncated; 0: none. The default is all: a truncated response is no
  /// longer than its query, so it amplifies nothing; a real client behind the prefix comes again over TCP and
  /// loses nothing; and it is not left waiting, which would give forgers of answers time to guess.
  std::uint8_t slip = 1;
  /// Every n-th limited response goes out in full; 0: none.
  std::uint8_t leak = 0;
  std::uint8_t ipv4_prefix_length = 24;
  std::uint8_t ipv6_prefix_length = 56;
  std::vector<Prefix> exempt;
  /// Accounts, 8 octets each; rounded up to a power of two.
  std::uint32_t table_size = 262'144;
  /// Counts what would have been limited, and sends everything.
  bool log_only = false;

  static constexpr std::uint32_t kMaxRate = 1'000'000;
  static constexpr std::uint8_t kMaxSlip = 15;  ///< and the most for leak
  static constexpr Duration kMaxBurst = std::chrono::minutes(1);
  static constexpr std::uint32_t kMinTableSize = 1024;
  static constexpr std::uint32_t kMaxTableSize = 16'777'216;

  std::uint32_t rate(AnswerClass c) const {
    return per_second[static_cast<std::size_t>(c)].value_or(per_second[0].value_or(0));
  }
  /// False: no rate is set, and a limiter would let everything pass.
  bool limits_anything() const {
    for (std::size_t c = 0; c < kAnswerClassNames.size(); ++c) {
      if (rate(static_cast<AnswerClass>(c)) != 0) return true;
    }
    return all_per_second != 0;
  }

  bool operator==(const RateLimitSettings&) const = default;
};

}  // namespace gslbd::server
