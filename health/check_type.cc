// SPDX-License-Identifier: Apache-2.0
#include "health/check_type.h"

#include <array>

namespace gslbd::health {

namespace {

// The registry: one row a type. Documentation and messages keep this order.
constexpr std::array kTypes{
    &kTcpCheck, &kTlsCheck, &kHttpCheck, &kHttpsCheck, &kGrpcCheck, &kIcmpCheck,
    &kUdpCheck, &kDnsCheck, &kExecCheck, &kPushCheck,  &kFileCheck,
};

}  // namespace

std::span<const CheckType* const> check_types() {
  return kTypes;
}

const CheckType* find_check_type(std::string_view name) {
  for (const CheckType* type : kTypes) {
    if (type->name == name) return type;
  }
  return nullptr;
}

}  // namespace gslbd::health
