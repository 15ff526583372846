// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words of a message: as JSON for programs, as a headline and a text for people.
//
// What a probed site said is in there, so a text holds no control character but its own line feeds.
//
// Thread: pure functions.

#include <string>

#include "core/json.h"
#include "server/hooks/grouping.h"

namespace gslbd::server {

/// Who sends, and which of his messages it is: the same for each attempt, so that a receiver can tell.
struct MessageSender {
  std::string server;
  std::string id;
};

/// The gravest group and how many more there are: "site fra is down; 3 more". At most 150 octets or so.
std::string headline(const HookMessage& message);
/// Every group with its first entries, a line each.
std::string message_text(const HookMessage& message, const MessageSender& sender);
Json message_json(const HookMessage& message, const MessageSender& sender);

}  // namespace gslbd::server
