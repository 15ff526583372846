// SPDX-License-Identifier: Apache-2.0
#include "server/config/rate_limit_config.h"

#include <string>

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;
using Settings = RateLimitSettings;

template <AnswerClass C>
void read_rate(const JsonView& v, Settings& s) {
  const auto rate = read_integer(v, 0, Settings::kMaxRate);
  if (rate) s.per_second[static_cast<std::size_t>(C)] = static_cast<std::uint32_t>(*rate);
}

// An integer setting of any width.
template <auto Member, std::int64_t Min, std::int64_t Max>
void read_number_of(const JsonView& v, Settings& s) {
  using Number = std::remove_reference_t<decltype(s.*Member)>;
  if (const auto n = read_integer(v, Min, Max)) s.*Member = static_cast<Number>(*n);
}

void read_leak(const JsonView& v, Settings& s) {
  read_number_of<&Settings::leak, 0, Settings::kMaxSlip>(v, s);
  if (s.leak == 1) v.error("1 would let everything out; 0 lets nothing leak");
}

void read_burst(const JsonView& v, Settings& s) {
  s.burst = read_duration(v, 100ms, Settings::kMaxBurst).value_or(s.burst);
}

constexpr std::string_view kRate = "0 to 1000000";
constexpr std::string_view kSameRate = "as answers_per_second";

// The rates of the classes come first, in the order of AnswerClass: warn() counts on it.
const Field<Settings> kFields[] = {
    {"answers_per_second", kRate, "`0`",
     "how often the same name may be answered to one prefix in a second; 0: as often as asked",
     read_rate<AnswerClass::answer>},
    {"nodata_per_second", kRate, kSameRate, "the same for \"no such record\", by zone",
     read_rate<AnswerClass::nodata>},
    {"nxdomains_per_second", kRate, kSameRate, "the same for \"no such name\", by zone",
     read_rate<AnswerClass::nxdomain>},
    {"referrals_per_second", kRate, kSameRate, "the same for referrals to other name servers, by zone",
     read_rate<AnswerClass::referral>},
    {"errors_per_second", kRate, kSameRate, "the same for errors, all together",
     read_rate<AnswerClass::error>},
    {"all_per_second", kRate, "`0`", "how many responses of any kind one prefix may get in a second",
     read_number_of<&Settings::all_per_second, 0, Settings::kMaxRate>},
    {"burst", "duration, 100ms to 1m", "`\"1s\"`",
     "how much of a rate may come at once after a quiet time: that of so long", read_burst},
    {"slip", "0 to 15", "`1`",
     "every n-th response over the limit is sent truncated, so that a real client comes again over TCP; 0: "
     "none",
     read_number_of<&Settings::slip, 0, Settings::kMaxSlip>},
    {"leak", "0, or 2 to 15", "`0`", "every n-th response over the limit is sent in full; 0: none",
     read_leak},
    {"ipv4_prefix_length", "1 to 32", "`24`", "how many bits of an IPv4 address make its prefix",
     read_number_of<&Settings::ipv4_prefix_length, 1, 32>},
    {"ipv6_prefix_length", "1 to 128", "`56`", "how many bits of an IPv6 address make its prefix",
     read_number_of<&Settings::ipv6_prefix_length, 1, 128>},
    {"exempt", "prefix, or list of them", "`[]`", "clients that are never limited",
     [](const JsonView& v, Settings& s) { s.exempt = read_prefixes(v); }},
    {"table_size", "1024 to 16777216", "`262144`",
     "how many accounts are kept, of 8 octets each; enough are queries per second divided by the rate",
     read_number_of<&Settings::table_size, Settings::kMinTableSize, Settings::kMaxTableSize>},
    {"log_only", "true or false", "`false`", "limit nothing, but count in the metrics what would have been",
     [](const JsonView& v, Settings& s) { s.log_only = read_bool(v).value_or(s.log_only); }},
};

// What an operator cannot have meant, though it loads.
void warn(const JsonView& v, const Settings& s) {
  if (!s.limits_anything()) return v.warning("no rate is set, so nothing is limited");
  if (s.all_per_second == 0) return;
  for (std::size_t c = 0; c < kAnswerClassNames.size(); ++c) {
    const auto rate = s.per_second[c];
    if (!rate || *rate <= s.all_per_second) continue;
    v.member(std::string(kFields[c].key))
        .warning("never reached: all_per_second lets no more than " + std::to_string(s.all_per_second) +
                 " out");
  }
}

}  // namespace

std::span<const Field<RateLimitSettings>> rate_limit_fields() {
  return kFields;
}

void read_rate_limit(const JsonView& v, RateLimitSettings& out) {
  read_object<RateLimitSettings>(v, kFields, out);
  if (v.json().is_object()) warn(v, out);
}

}  // namespace gslbd::server
