// SPDX-License-Identifier: Apache-2.0
#include "core/diagnostics.h"

#include <utility>

namespace gslbd {

std::string Diagnostic::to_string() const {
  std::string out = file;
  if (!where.empty()) out += ": " + where;
  out += severity == Severity::warning ? ": warning: " : ": ";
  return out + message;
}

void Diagnostics::error(std::string file, std::string where, std::string message) {
  add({Severity::error, std::move(file), std::move(where), std::move(message)});
}

void Diagnostics::warning(std::string file, std::string where, std::string message) {
  add({Severity::warning, std::move(file), std::move(where), std::move(message)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  all_.push_back(std::move(diagnostic));
}

}  // namespace gslbd
