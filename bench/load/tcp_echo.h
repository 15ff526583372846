// SPDX-License-Identifier: Apache-2.0
#pragma once
// The echo over TCP: what the kernel's sockets cost a server that does nothing itself, as the measure for
// those that do. A query on an open connection is recv() and send(); a connection is accept4() and, once it
// is answered, epoll_ctl(), recv(), which finds its end, and close(). No server on ordinary sockets does with
// less, if it hears of what comes and ends connections in good order.
//
// Thread: the program's only one.

#include "core/address.h"

namespace gslbd::bench {

/// Serves until the process ends.
[[noreturn]] void echo_over_tcp(const Endpoint& endpoint);

}  // namespace gslbd::bench
