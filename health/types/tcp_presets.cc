// SPDX-License-Identifier: Apache-2.0
#include "health/types/tcp_presets.h"

namespace gslbd::health {
namespace {

using namespace std::string_view_literals;

// Protocol::HandshakeResponse41 of the user "gslbd" without a password. Who hangs up after the greeting is
// counted as an erring client, and locked out after max_connect_errors of them; who is denied access is not.
// Length, sequence 1; capabilities (4.1 protocol, secure connection); largest packet; utf8; 23 octets unused;
// the name; no authentication data.
constexpr std::string_view kMysqlLogin =
    "\x27\x00\x00\x01"
    "\x00\x82\x00\x00"
    "\x00\x00\x00\x01"
    "\x21"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "gslbd\x00"
    "\x00"sv;
static_assert(kMysqlLogin.size() == 4 + 0x27);

// StartupMessage, protocol 3.0, of the user and database "gslbd", which need not exist. To ask for a
// password, or to refuse for want of a right (SQLSTATE class 28) or of the database (3D000) takes a server
// that works; one that is starting, stopping or full answers with another class.
constexpr std::string_view kPostgresqlStartup =
    "\x00\x00\x00\x23"
    "\x00\x03\x00\x00"
    "user\x00gslbd\x00"
    "database\x00gslbd\x00"
    "\x00"sv;
static_assert(kPostgresqlStartup.size() == 0x23);

constexpr std::array<TcpPreset, 7> kPresets{{
    {"smtp", "SMTP server", 25, 465, {{{"", "^220[ -]"}}}, "QUIT\r\n", true},
    {"imap", "IMAP server", 143, 993, {{{"", "^\\* (?:OK|PREAUTH)\\b"}}}, "a1 LOGOUT\r\n", true},
    {"pop3", "POP3 server", 110, 995, {{{"", "^\\+OK"}}}, "QUIT\r\n", true},
    {"ftp", "FTP server", 21, 990, {{{"", "^220[ -]"}}}, "QUIT\r\n", true},
    {"redis", "Redis server", 6379, 6379, {{{"PING\r\n", "^(?:\\+PONG|-NOAUTH)\\b"}}}, "", true},
    // A packet of sequence 0 and protocol 10; then any packet of sequence 2.
    {"mysql",
     "MySQL server",
     3306,
     0,
     {{{"", "(?s)^.{3}\\x00\\x0a"}, {kMysqlLogin, "(?s)^.{3}\\x02."}}},
     "",
     false},
    {"postgresql",
     "PostgreSQL server",
     5432,
     0,
     {{{kPostgresqlStartup, "(?s)^(?:R.{8}|E.{4}(?:[^\\x00]+\\x00)*C(?:28|3D))"}}},
     "",
     false},
}};

}  // namespace

std::span<const TcpPreset> tcp_presets() {
  return kPresets;
}

}  // namespace gslbd::health
