// SPDX-License-Identifier: Apache-2.0
#pragma once
// SignalsBlocked: no signal reaches this thread while it lives, nor ever a thread made meanwhile, which
// inherits the mask. So signals stay the main thread's, and a write to a closed connection is an error, not a
// SIGPIPE.

#include <pthread.h>

#include <csignal>

namespace gslbd {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace gslbd
