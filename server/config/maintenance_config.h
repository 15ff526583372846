// SPDX-License-Identifier: Apache-2.0
#pragma once
// The option "maintenance": a list of windows.
//
// Thread: pure functions.

#include <span>
#include <string>
#include <vector>

#include "core/json_fields.h"
#include "core/time.h"
#include "server/control/catalogue.h"
#include "server/control/maintenance.h"

namespace gslbd::server {

/// A window with the place that complaints about it name.
struct MaintenanceConfig {
  MaintenanceWindow window;
  std::string pointer;
};

void read_maintenance(const JsonView& v, std::vector<MaintenanceConfig>& out);

/// Names that do not exist are errors: a window that drains nothing is found out on the night it was for. A
/// window that is over, or that nothing stands in, is warned of.
void check_maintenance(std::span<const MaintenanceConfig> windows, const Catalogue& catalogue,
                       const std::string& file, WallTime now, Diagnostics& diagnostics);

struct MaintenanceDraft;
std::span<const Field<MaintenanceDraft>> maintenance_fields();

}  // namespace gslbd::server
