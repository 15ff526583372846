// SPDX-License-Identifier: Apache-2.0
#pragma once
// ReaderGate: a worker's registration as a reader of published snapshots, made to fit its loop.
//
// Whatever answers queries calls enter() first, which costs a branch when it is not the first since the
// worker has waited; the worker calls leave() before it waits again. So one that hears of no query does not
// go online at all.
//
// Thread: made, used and destroyed on the worker's own thread.

#include "core/published.h"

namespace gslbd::server {

class ReaderGate {
 public:
  ReaderGate() { registration_.offline(); }

  void enter() noexcept {
    if (online_) return;
    registration_.online();
    online_ = true;
  }
  /// Between batches: snapshots read before may go.
  void quiescent() noexcept { registration_.quiescent(); }
  void leave() noexcept {
    if (!online_) return;
    registration_.offline();
    online_ = false;
  }

 private:
  ReaderRegistration registration_;
  bool online_ = false;
};

}  // namespace gslbd::server
