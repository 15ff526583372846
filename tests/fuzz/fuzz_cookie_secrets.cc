// SPDX-License-Identifier: Apache-2.0
// Any text as a file of cookie secrets: refused with the file's name and nothing of its content, or it makes
// cookies that it accepts.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/answer/cookie.h"

using namespace gslbd;
using server::CookieSecrets;
using server::CookieState;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto secrets = CookieSecrets::parse(text, "secrets.txt");
  if (!secrets) {
    if (!secrets.error().message.starts_with("secrets.txt")) std::abort();
    return 0;
  }
  if (secrets->size() == 0 || secrets->size() > CookieSecrets::kMaxSecrets) std::abort();
  const std::array<std::uint8_t, CookieSecrets::kClientCookie> client_cookie{1, 2, 3, 4, 5, 6, 7, 8};
  const Address client = *Address::parse("192.0.2.1");
  const auto made = secrets->make(client_cookie, client, 1000);
  if (secrets->verify(client_cookie, made, client, 1000) != CookieState::valid) std::abort();
  if (secrets->verify(client_cookie, made, *Address::parse("192.0.2.2"), 1000) != CookieState::invalid)
    std::abort();
  return 0;
}
