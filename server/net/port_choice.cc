// SPDX-License-Identifier: Apache-2.0
#include "server/net/port_choice.h"

#include <fstream>
#include <random>

namespace gslbd::server {
namespace {

// Below are the ports that well-known services are found at.
constexpr int kFirst = 10000;
constexpr int kFewest = 1000;

// 0: nobody can say.
int first_ephemeral_port() {
  int first = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  return first;
}

}  // namespace

std::uint16_t choose_port() {
  return choose_port(first_ephemeral_port());
}

std::uint16_t choose_port(int first_ephemeral) {
  if (first_ephemeral < kFirst + kFewest) return 0;
  std::random_device random;
  return static_cast<std::uint16_t>(std::uniform_int_distribution(kFirst, first_ephemeral - 1)(random));
}

}  // namespace gslbd::server
