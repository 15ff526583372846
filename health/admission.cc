// SPDX-License-Identifier: Apache-2.0
#include "health/admission.h"

namespace gslbd::health {

void Admission::request(Ticket ticket, const Address& address) {
  PerAddress& per_address = addresses_[address];
  if (per_address.admitted >= max_per_address_) {
    per_address.line.push_back(ticket);
    return;
  }
  ++per_address.admitted;
  line_.push_back({ticket, address});
  pump();
}

void Admission::release(const Address& address) {
  --in_flight_;
  leave(address);
  pump();
}

// The next in the address's line takes the place that became free, or the place is given up.
void Admission::leave(const Address& address) {
  const auto found = addresses_.find(address);
  PerAddress& per_address = found->second;
  if (!per_address.line.empty()) {
    line_.push_back({per_address.line.front(), address});
    per_address.line.pop_front();
  } else if (--per_address.admitted == 0) {
    addresses_.erase(found);
  }
}

// A probe may end inside start(), which calls release() and comes back here: the flag makes that a loop
// instead of a recursion as deep as the line is long.
void Admission::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (in_flight_ < max_in_flight_ && !line_.empty()) {
    const Entry next = line_.front();
    line_.pop_front();
    ++in_flight_;
    if (!start_(next.ticket)) {
      --in_flight_;
      leave(next.address);
    }
  }
  pumping_ = false;
}

}  // namespace gslbd::health
