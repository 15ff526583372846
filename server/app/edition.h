// SPDX-License-Identifier: Apache-2.0
#pragma once
// Edition: one configuration, loaded and made ready to be served as far as that needs no verdicts. Made off
// the main loop; State installs it.
//
// Thread: make_edition() any; an Edition is immutable, its Steering becomes main's.

#include <memory>

#include "server/answer/served_zones.h"
#include "server/config/loader.h"
#include "server/steering/steering.h"

namespace gslbd::server {

struct Edition {
  std::shared_ptr<const Loaded> loaded;
  std::shared_ptr<const ServedZones> zones;
};

/// An edition to be installed after the one it was made from.
struct NextEdition {
  Edition edition;
  std::unique_ptr<Steering> steering;  ///< null: that of the edition before goes on, the plan is the same
};

/// `before` is what will be served when this is installed; empty at the start.
NextEdition make_edition(Loaded loaded, const Edition& before);

}  // namespace gslbd::server
