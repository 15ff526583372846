// SPDX-License-Identifier: Apache-2.0
#pragma once
// discard: lets go of what is no longer needed, off the loop: to free a large zone, or ten thousand small
// ones, takes milliseconds.
//
// Thread: the loop's. The destructors run on libuv's thread pool.

#include <uv.h>

#include <memory>

namespace gslbd::server {

void discard(uv_loop_t& loop, std::shared_ptr<const void> what);

}  // namespace gslbd::server
