// SPDX-License-Identifier: Apache-2.0
#pragma once
// UniqueFd where this room has always looked for it.

#include "core/unique_fd.h"

namespace gslbd::server {

using gslbd::UniqueFd;

}  // namespace gslbd::server
