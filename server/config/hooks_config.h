// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's "hooks": whom to tell what happened, and how.
//
// Thread: plain functions.

#include <span>
#include <vector>

#include "core/json_fields.h"
#include "server/hooks/settings.h"

namespace gslbd::server {

/// A list of hooks; files and programs relative to the file that `v` is of. Every mistake is reported:
/// programs that are missing, URLs that are none, kinds of events that nobody knows.
void read_hooks(const JsonView& v, std::vector<HookSettings>& out);

/// The options that every hook has, and those of each type.
std::span<const Field<HookSettings>> hook_fields();
std::span<const Field<HookSettings>> webhook_fields();
std::span<const Field<HookSettings>> exec_hook_fields();
std::span<const Field<HookSettings>> mail_hook_fields();

}  // namespace gslbd::server
