// SPDX-License-Identifier: Apache-2.0
#include "server/config/tcp_config.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

void read_count(const JsonView& v, std::uint32_t& into) {
  into = static_cast<std::uint32_t>(read_integer(v, 1, kMaxTcpConnections).value_or(into));
}

void read_timeout(const JsonView& v, Duration longest, std::chrono::milliseconds& into) {
  const auto timeout = read_duration(v, 100ms, longest);
  if (timeout) into = std::chrono::duration_cast<std::chrono::milliseconds>(*timeout);
}

const Field<TcpOptions> kTcpFields[] = {
    {"max_connections", "1 to 65535", "2000",
     "TCP connections in all; when they are used up the least useful goes",
     [](const JsonView& v, TcpOptions& t) { read_count(v, t.max_connections); }},
    {"max_connections_per_client", "1 to 65535", "100",
     "connections of one client, an IPv4 address or an IPv6 /64; those beyond are closed at once",
     [](const JsonView& v, TcpOptions& t) { read_count(v, t.max_connections_per_client); }},
    {"idle_timeout", "duration, 100ms to 10m", "10s",
     "how long a connection may be idle (RFC 7766 §6.2.3); shorter while most are used up",
     [](const JsonView& v, TcpOptions& t) { read_timeout(v, 10min, t.idle_timeout); }},
    {"first_query_timeout", "duration, 100ms to 1m", "3s",
     "how long a new connection may take to send its first whole query",
     [](const JsonView& v, TcpOptions& t) { read_timeout(v, 1min, t.first_query_timeout); }},
};

}  // namespace

void read_tcp(const JsonView& v, TcpOptions& out) {
  read_object<TcpOptions>(v, kTcpFields, out);
  if (out.max_connections_per_client > out.max_connections && v.json().is_object() &&
      v.json().contains("max_connections_per_client")) {
    v.member("max_connections_per_client").warning("more than max_connections: it limits nothing");
  }
}

std::span<const Field<TcpOptions>> tcp_fields() {
  return kTcpFields;
}

}  // namespace gslbd::server
