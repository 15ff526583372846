// SPDX-License-Identifier: Apache-2.0
#pragma once
// Result<T>: a value or an Error, for everything that can fail while loading or being controlled. The query
// path does not use it. This is the one place that names the library behind it: g++ 12 has no std::expected.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace gslbd {

/// Why something failed, as a sentence for the operator, without a trailing full stop.
struct Error {
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail("...")` from any function that returns a Result.
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace gslbd
