// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which port to try where the user leaves it to us: one that the kernel gives to no client by itself. A
// client whose UDP socket has SO_REUSEPORT, as dig's has, may else be given the very port of a server of the
// same user, and so be sent what it asks.
//
// Thread: any.

#include <cstdint>

namespace gslbd::server {

/// A random port below the kernel's ephemeral ones (ip_local_port_range), free or not. 0, which lets the
/// kernel choose: there are hardly any below, or nobody can say. Throws where there are no random numbers.
std::uint16_t choose_port();
/// The same, where the first ephemeral port is known.
std::uint16_t choose_port(int first_ephemeral);

}  // namespace gslbd::server
