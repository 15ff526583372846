// SPDX-License-Identifier: Apache-2.0
#include "server/app/mailbox.h"

#include <stdexcept>
#include <string>

namespace gslbd::server {

Mailbox::Mailbox(uv_loop_t& loop) {
  const int status =
      uv_async_init(&loop, &async_, [](uv_async_t* a) { static_cast<Mailbox*>(a->data)->deliver(); });
  if (status != 0) throw std::runtime_error(std::string("cannot make a mailbox: ") + uv_strerror(status));
  async_.data = this;
}

void Mailbox::post(std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  waiting_.push_back(std::move(work));
  uv_async_send(&async_);
}

void Mailbox::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    waiting_.clear();  // a promise that is dropped ends its asker's wait
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
}

void Mailbox::deliver() {
  std::vector<std::function<void()>> work;
  {
    const std::scoped_lock lock(mutex_);
    work.swap(waiting_);
  }
  for (const auto& each : work) each();
}

}  // namespace gslbd::server
