// SPDX-License-Identifier: Apache-2.0
#pragma once
// A message as a mail (RFC 5322): its header and its text, with CRLF.
//
// Thread: pure.

#include <string>

#include "core/time.h"
#include "server/hooks/message.h"
#include "server/hooks/settings.h"

namespace gslbd::server {

std::string mail_text(const HookSettings& settings, const HookMessage& message, const MessageSender& sender,
                      WallTime now);

/// A header's text: as it is when it is plain ASCII, else as encoded words (RFC 2047 §2), each on a line of
/// its own.
std::string encode_header(const std::string& text);

}  // namespace gslbd::server
