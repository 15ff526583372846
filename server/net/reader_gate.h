// SPDX-License-Identifier: Apache-2.0
#pragma once
// ReaderGate: a worker's registration as a reader of published snapshots, made to fit libuv's loop.
//
// libuv runs its input callbacks inside the poll phase, before any check handle: a check callback would come
// too late to go online. So each callback that answers queries calls enter() first, which costs a branch when
// it is not the first of the iteration, and the prepare handle calls leave() before the loop waits again.
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
