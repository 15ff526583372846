// SPDX-License-Identifier: Apache-2.0
// The checks http and https against nginx: HTTP/1.1 and HTTP/2, plain and with TLS.

#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "tests/health/http/child_server.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

constexpr const char* kConfiguration = R"(
daemon off;
master_process off;
pid {0}/nginx.pid;
error_log stderr notice;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d;
  scgi_temp_path {0}/e;
  gzip on; gzip_min_length 0; gzip_types *;
  server {{
    listen 127.0.0.1:{1};
    listen 127.0.0.1:{2} ssl http2;
    ssl_certificate {3};
    ssl_certificate_key {4};
    root {0};
    location = /old {{ return 301 /page; }}
    location = /json {{ default_type application/json; return 200 '{{"status": "ok"}}'; }}
    location = /gone {{ return 503; }}
  }}
}}
)";

}  // namespace

TEST_CASE("http and https against nginx") {
  if (!run_quietly("nginx -v")) return (void)(std::cout << "skipped: there is no nginx\n");
  const TemporaryDirectory directory;
  const std::string& d = directory.path();
  const Certificate certificate = make_certificate(d, {.subject = "site", .names = {"www.example.test"}});
  const std::uint16_t plain = closed_port();
  const std::uint16_t secure = closed_port();
  std::ofstream(d + "/page") << "all fine\n";
  std::ofstream(d + "/nginx.conf") << fmt::format(fmt::runtime(kConfiguration), d, plain, secure,
                                                  certificate.file, certificate.key_file);
  const ChildServer nginx({"nginx", "-p", d, "-c", d + "/nginx.conf"}, "OS: ");
  REQUIRE(nginx.started());

  const auto http = [&](const std::string& path, const std::string& more = "") {
    return probe(
        make_check(fmt::format(R"({{"type": "http", "port": {}, "path": "{}"{}}})", plain, path, more)));
  };
  CHECK(http("/page", R"(, "expect": {"body": "all fine"})").detail == "HTTP 200");
  CHECK(http("/page", R"(, "headers": {"Accept-Encoding": "gzip"}, "expect": {"body": "all fine"})").reason ==
        Reason::body);  // asked for by hand, and not unpacked
  CHECK(http("/page", R"(, "method": "HEAD")").passed());
  CHECK(http("/json", R"(, "expect": {"json": {"pointer": "/status", "equals": "ok"}})").passed());
  CHECK(http("/gone").detail == "HTTP 503, wanted 200-299");
  CHECK(http("/old").detail == "HTTP 301, wanted 200-299");
  CHECK(http("/old", R"(, "follow_redirects": 1)").passed());
  CHECK(http("/page", R"(, "method": "POST", "body": "x", "expect": {"status": 405})").passed());

  for (const char* version : {"1.1", "2"}) {
    CAPTURE(version);
    const auto https = [&](const std::string& more) {
      return probe(make_check(fmt::format(
          R"({{"type": "https", "port": {}, "path": "/page", "http_version": "{}", "ca_file": "{}"{}}})",
          secure, version, certificate.file, more)));
    };
    CHECK(https(R"(, "host": "www.example.test", "expect": {"body": "all fine"})").detail == "HTTP 200");
    CHECK(https(R"(, "host": "other.example.test")").reason == Reason::tls);
    CHECK(https(R"(, "host": "www.example.test", "method": "HEAD")").passed());
  }
}
