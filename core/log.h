// SPDX-License-Identifier: Apache-2.0
#pragma once
// The log: one line a fact, to standard error, "2026-11-21T23:55:01.123Z info  message". Never called while
// answering a query. This and log.cc are the only files that know the logging library.
//
// Thread: any.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace gslbd::log {

enum class Level { debug, info, warning, error, off };

/// "debug", "info", "warning", "error" or "off"; an unknown name leaves the level as it is and returns false.
bool set_level(std::string_view name);
void set_level(Level level);
void write(Level level, std::string_view message);

template <class... Args>
void debug(fmt::format_string<Args...> f, Args&&... args) {
  write(Level::debug, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> f, Args&&... args) {
  write(Level::info, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> f, Args&&... args) {
  write(Level::warning, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> f, Args&&... args) {
  write(Level::error, fmt::format(f, std::forward<Args>(args)...));
}

}  // namespace gslbd::log
