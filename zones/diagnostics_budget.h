// SPDX-License-Identifier: Apache-2.0
#pragma once
// DiagnosticsBudget: at most kMaxReported errors and as many warnings of one file are passed on; the rest are
// only counted. A generated file with a million mistakes must neither fill the memory nor the terminal.
//
// Thread: one thread at a time.

#include <fmt/format.h>

#include <string>

#include "core/diagnostics.h"

namespace gslbd::zones {

inline constexpr std::size_t kMaxReported = 100;

class DiagnosticsBudget {
 public:
  DiagnosticsBudget(const std::string& file, Diagnostics& out) : file_(file), out_(out) {}

  /// Where to report; drain() passes on what has gathered.
  Diagnostics& scratch() { return scratch_; }

  void drain() {
    if (scratch_.all().empty()) return;
    for (const Diagnostic& d : scratch_.all()) {
      const bool is_error = d.severity == Severity::error;
      if (++(is_error ? errors_ : warnings_) > kMaxReported) continue;
      is_error ? out_.error(d.file, d.where, d.message) : out_.warning(d.file, d.where, d.message);
    }
    scratch_ = Diagnostics();
  }

  /// Drains, and says how many were left out.
  void finish() {
    drain();
    if (errors_ > kMaxReported)
      out_.error(file_, "", fmt::format("... and {} more errors", errors_ - kMaxReported));
    if (warnings_ > kMaxReported) {
      out_.warning(file_, "", fmt::format("... and {} more warnings", warnings_ - kMaxReported));
    }
  }

  std::size_t error_count() const { return errors_ + scratch_.error_count(); }

 private:
  const std::string& file_;
  Diagnostics& out_;
  Diagnostics scratch_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace gslbd::zones
