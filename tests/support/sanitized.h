// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether this is built with sanitizers, which are slow, and want memory and descriptors of their own.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GSLBD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GSLBD_SANITIZED 1
#endif
#endif

namespace gslbd::test {

#ifdef GSLBD_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace gslbd::test
