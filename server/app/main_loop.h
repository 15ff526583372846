// SPDX-License-Identifier: Apache-2.0
#pragma once
// The main thread's libuv loop, and what it takes to own one.
//
// Thread: main.

#include <uv.h>

#include <stdexcept>
#include <string>

namespace gslbd::server {

struct MainLoop : uv_loop_t {
  MainLoop() : uv_loop_t{} {
    if (const int status = uv_loop_init(this); status != 0) {
      throw std::runtime_error(std::string("cannot make an event loop: ") + uv_strerror(status));
    }
  }
  ~MainLoop() { uv_loop_close(this); }
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;
};

}  // namespace gslbd::server
