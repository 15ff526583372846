// SPDX-License-Identifier: Apache-2.0
#pragma once
// How large an RRset may be. The reader of zone files refuses what is larger, with its place in the file; the
// builder relies on it. The reader counts names in RDATA in full, the builder after compression: what the
// reader lets pass, the builder can carry.
//
// Thread: any.

#include <cstddef>

namespace gslbd::zones {

/// The fixed fields of a record: a pointer as its owner, type, class, TTL and RDLENGTH (RFC 1035 §4.1.3).
inline constexpr std::size_t kRecordOverhead = 12;

/// Octets of an RRset, fixed fields included, that a message over TCP can carry (RFC 1035 §4.2.2) beside its
/// header (12), a question (255 and 4) and an OPT (512 for its options).
inline constexpr std::size_t kLargestBlock = 65535 - 12 - 255 - 4 - 512;

/// The same for NS at a zone cut: the owners of its glue are pointers to the names in it, and a pointer
/// reaches 0x3fff (RFC 1035 §4.1.4).
inline constexpr std::size_t kLargestReferral = 15 * 1024;

}  // namespace gslbd::zones
