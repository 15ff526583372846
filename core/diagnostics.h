// SPDX-License-Identifier: Apache-2.0
#pragma once
// Diagnostics: every error and warning found while loading, not just the first. A diagnostic names the file
// and the place in it: a JSON pointer ("/pools/www/members/2/weight") or, for syntax errors, "line 3, column
// 7".
//
// Thread: one thread at a time.

#include <cstddef>
#include <string>
#include <vector>

namespace gslbd {

enum class Severity { warning, error };

struct Diagnostic {
  Severity severity;
  std::string file;
  std::string where;  ///< JSON pointer or line and column; empty when the whole file is meant
  std::string message;

  /// "gslbd.json: /pools/www/ttl: the message"; warnings carry "warning: " before the message.
  std::string to_string() const;
};

class Diagnostics {
 public:
  void error(std::string file, std::string where, std::string message);
  void warning(std::string file, std::string where, std::string message);
  void add(Diagnostic diagnostic);

  const std::vector<Diagnostic>& all() const { return all_; }
  std::size_t error_count() const { return errors_; }
  std::size_t warning_count() const { return all_.size() - errors_; }
  bool has_errors() const { return errors_ != 0; }

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
};

}  // namespace gslbd
