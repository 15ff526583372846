// SPDX-License-Identifier: Apache-2.0
#pragma once
// The seam between the engine and held connections: one idle connection to a target whose only purpose is to
// break when the target dies. A break is no verdict: it makes the engine probe at once.
//
// Contract: after hold(id) the listener hears hold_lost(id) each time an established connection breaks; the
// holder makes the connection anew by itself (and says nothing of attempts that fail) until release(id).
// Never from inside hold(). `check` and `listener` outlive the hold.
//
// Thread: one thread, the engine's.

#include <string>

#include "core/address.h"
#include "health/target.h"

namespace gslbd::health {

class HoldListener {
 public:
  /// `why`: "closed by the peer", "connection reset by the peer", "no answer to keep-alives".
  virtual void hold_lost(TargetId id, const std::string& why) = 0;

 protected:
  ~HoldListener() = default;
};

class Holder {
 public:
  virtual ~Holder() = default;
  virtual void hold(TargetId id, const Check& check, const Address& address, HoldListener& listener) = 0;
  /// Ends a hold; unknown ids are ignored.
  virtual void release(TargetId id) = 0;
};

}  // namespace gslbd::health
