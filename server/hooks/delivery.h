// SPDX-License-Identifier: Apache-2.0
#pragma once
// Delivery: one attempt to send one message, by whatever way. Each way is one file and one line in
// make_delivery().
//
// Thread: the hook's own; attempts block it for `timeout` at most.

#include <functional>
#include <memory>
#include <string>

#include "server/hooks/message.h"
#include "server/hooks/settings.h"

namespace gslbd::server {

struct Attempt {
  enum class End { delivered, try_again, give_up };
  End end = End::delivered;
  std::string why;  ///< of a failure; names no secret
};

/// True: the attempt must end now. Asked several times a second.
using StopAsked = std::function<bool()>;

class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual Attempt send(const HookMessage& message, const MessageSender& sender, const StopAsked& stop) = 0;
};

std::unique_ptr<Delivery> make_delivery(const HookSettings& settings);

std::unique_ptr<Delivery> make_webhook(const HookSettings& settings);
std::unique_ptr<Delivery> make_mail(const HookSettings& settings);
std::unique_ptr<Delivery> make_exec(const HookSettings& settings);

}  // namespace gslbd::server
