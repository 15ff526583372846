// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_lint.h"

#include "zones/lint/rules.h"

namespace gslbd::zones {
namespace {

constexpr void (*kRules[])(linting::Context&, NodeView, RrsetView) = {
    linting::check_apex, linting::check_hidden, linting::check_targets, linting::check_content};

}  // namespace

void lint(const Zone& zone, const std::string& file, Diagnostics& diagnostics) {
  linting::Context context(zone, file, diagnostics);
  zone.for_each_node([&](NodeView node) {
    linting::check_owner(context, node);
    node.for_each_rrset([&](RrsetView rrset) {
      for (const auto rule : kRules) rule(context, node, rrset);
      return true;
    });
  });
  linting::check_chains(context);
  context.finish();
}

}  // namespace gslbd::zones
