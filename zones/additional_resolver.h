// SPDX-License-Identifier: Apache-2.0
#pragma once
// AdditionalResolver: finds the node of every host that a zone's RRsets name, once all nodes stand and cuts
// and DNAMEs are marked. What the additional section gets is decided here, not while answering (RFC 1034
// §4.3.2 step 6):
//
//   - a host in the zone's authoritative data is found as a question for it would be, by lookup(), so through
//     wildcards too, and stays when it has addresses, or a pool that gives it some;
//   - behind a CNAME or below a DNAME there is none: such a target is an error of the zone (RFC 2181 §10.3);
//   - a cut's name server below a cut has its glue there (RFC 9471);
//   - any other host is somebody else's. It is entered into the zone's external targets: another zone of ours
//     may have it.
//
// Lists of RRsets that no answer can hold (hidden below a cut or DNAME) become empty.
//
// Thread: that of the zone's builder.

#include <cstdint>
#include <span>
#include <vector>

#include "zones/zone.h"

namespace gslbd::zones {

class AdditionalResolver {
 public:
  /// An RRset with an additional list, by its place in the arena.
  struct Place {
    NodeOffset node;
    std::uint32_t rrset;
  };

  explicit AdditionalResolver(Zone& zone) : zone_(zone) {}

  /// Completes the lists, and the zone's external targets.
  void run(std::span<const Place> places);

 private:
  // What the entry is in the end; false when it is nothing.
  bool resolve(AdditionalEntry& entry, const Place& place, RrType type);
  // target_ is the name that is written there.
  bool make_external(AdditionalEntry& entry, std::uint32_t written_at);
  std::size_t first_slot(std::uint64_t tag) const;
  void grow_index();

  Zone& zone_;
  QueryName target_;  // scratch
  // External targets: 32 bits of a name's hash, its tag, above its index + 1; 0 is free.
  std::vector<std::uint64_t> index_;
};

}  // namespace gslbd::zones
