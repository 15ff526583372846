// SPDX-License-Identifier: Apache-2.0
#pragma once
// Record types by number, as far as the code treats them specially; every other type is carried as opaque
// RDATA (RFC 3597). Mnemonics and text forms are ldns's (zones/rdata.h).

#include <cstdint>

namespace gslbd::zones {

using RrType = std::uint16_t;  // IANA "Resource Record (RR) TYPEs"

namespace type {
inline constexpr RrType kA = 1;         // RFC 1035 §3.4.1
inline constexpr RrType kNs = 2;        // RFC 1035 §3.3.11
inline constexpr RrType kCname = 5;     // RFC 1035 §3.3.1
inline constexpr RrType kSoa = 6;       // RFC 1035 §3.3.13
inline constexpr RrType kPtr = 12;      // RFC 1035 §3.3.12
inline constexpr RrType kMx = 15;       // RFC 1035 §3.3.9
inline constexpr RrType kTxt = 16;      // RFC 1035 §3.3.14
inline constexpr RrType kRp = 17;       // RFC 1183 §2.2
inline constexpr RrType kAfsdb = 18;    // RFC 1183 §1
inline constexpr RrType kRt = 21;       // RFC 1183 §3.3
inline constexpr RrType kPx = 26;       // RFC 2163 §4
inline constexpr RrType kAaaa = 28;     // RFC 3596
inline constexpr RrType kSrv = 33;      // RFC 2782
inline constexpr RrType kNaptr = 35;    // RFC 3403 §4
inline constexpr RrType kKx = 36;       // RFC 2230 §3
inline constexpr RrType kDname = 39;    // RFC 6672
inline constexpr RrType kOpt = 41;      // RFC 6891, a pseudo-type
inline constexpr RrType kDs = 43;       // RFC 4034 §5
inline constexpr RrType kRrsig = 46;    // RFC 4034 §3: may stand beside a CNAME
inline constexpr RrType kNsec = 47;     // RFC 4034 §4: may stand beside a CNAME
inline constexpr RrType kSvcb = 64;     // RFC 9460
inline constexpr RrType kHttps = 65;    // RFC 9460
inline constexpr RrType kNxname = 128;  // RFC 9824: only ever in an NSEC's list of types
inline constexpr RrType kTkey = 249;    // 249 and above up to 255: meta and question types (RFC 6895 §3.1)
inline constexpr RrType kTsig = 250;    // RFC 8945
inline constexpr RrType kIxfr = 251;    // RFC 1995
inline constexpr RrType kAxfr = 252;    // RFC 5936
inline constexpr RrType kMailb = 253;   // RFC 1035 §3.2.3
inline constexpr RrType kMaila = 254;   // RFC 1035 §3.2.3
inline constexpr RrType kAny = 255;     // RFC 8482
inline constexpr RrType kCaa = 257;     // RFC 8659
}  // namespace type

inline constexpr std::uint16_t kClassIn = 1;
inline constexpr std::uint16_t kClassChaos = 3;
inline constexpr std::uint16_t kClassAny = 255;

}  // namespace gslbd::zones
