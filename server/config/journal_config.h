// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's "journal": how much is kept of what happened.
//
// Thread: plain functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/json_fields.h"
#include "server/journal/settings.h"

namespace gslbd::server {

/// An object, or false. Every mistake is reported.
void read_journal_settings(const JsonView& v, JournalSettings& out);

std::span<const Field<JournalSettings>> journal_fields();

/// "500KB", "10MB", "1GB" (powers of 1000), "64KiB", "10MiB", "1GiB" (of 1024) or a plain number of octets;
/// nullopt for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace gslbd::server
