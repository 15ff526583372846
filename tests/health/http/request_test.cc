// SPDX-License-Identifier: Apache-2.0
// The request as it is composed, where redirects lead, and what is expected of a JSON body.

#include "health/http/json_expectation.h"
#include "health/http/redirect.h"
#include "health/types/http_options.h"
#include "tests/health/probing.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

std::string request_of(const std::string& options, const std::string& address = "192.0.2.1") {
  const Check check = make_check(R"({"type": "http")" + options + "}");
  std::string out;
  check.as<HttpOptions>().request.append_to(out, *Address::parse(address));
  return out;
}

/// Where `location` leads from /dir/page?q at the target, or why nowhere.
std::string led_to(const std::string& location, const std::string& options = "") {
  const Check check = make_check(R"({"type": "http")" + options + "}");
  const auto path =
      resolve_redirect(check.as<HttpOptions>(), *Address::parse("192.0.2.1"), "/dir/page?q", location);
  return path ? *path : path.error().message;
}

std::string mismatch(const std::string& pointer, const Json& equals, const std::string& body) {
  return (*JsonExpectation::compile(pointer, equals))->mismatch(body).value_or("as expected");
}

}  // namespace

TEST_CASE("http: the request that is sent") {
  CHECK(request_of("") ==
        "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: gslbd\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  CHECK(request_of(R"(, "port": 8080, "reuse": true)", "2001:db8::1") ==
        "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nUser-Agent: gslbd\r\nAccept: */*\r\n\r\n");
  CHECK(request_of(R"(, "method": "POST", "body": "a=b", "host": "h", "path": "/p",
                      "headers": {"user-agent": "me", "Content-Type": "text/plain"})") ==
        "POST /p HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nConnection: close\r\nContent-Length: 3\r\n"
        "Content-Type: text/plain\r\nuser-agent: me\r\n\r\na=b");
  CHECK(request_of(R"(, "method": "POST")").find("\r\nContent-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("http: headers that options set cannot be set twice") {
  const std::string file = "t.json";
  Diagnostics diagnostics;
  const Json json = {{"type", "http"}, {"headers", {{"HOST", "a"}, {"Content-Length", "1"}}}};
  CHECK_FALSE(read_check(JsonView(json, file, diagnostics), "c").has_value());
  REQUIRE(diagnostics.all().size() == 2);
  CHECK(diagnostics.all()[0].to_string() ==
        "t.json: /headers/Content-Length: this header is set by the option \"body\"");
  CHECK(diagnostics.all()[1].to_string() ==
        "t.json: /headers/HOST: this header is set by the option \"host\"");
}

TEST_CASE("http: redirects are resolved as RFC 3986 section 5.2 says") {
  CHECK(led_to("/a/b?c#d") == "/a/b?c");
  CHECK(led_to("other") == "/dir/other");
  CHECK(led_to("../up/./x/") == "/up/x/");
  CHECK(led_to("?new") == "/dir/page?new");
  CHECK(led_to("#here") == "/dir/page?q");
  CHECK(led_to("../../../..") == "/");
  CHECK(led_to("http://192.0.2.1/x") == "/x");
  CHECK(led_to("HTTP://192.0.2.1:80?x") == "/?x");
  CHECK(led_to("//WWW.example.test/x", R"(, "host": "www.example.test")") == "/x");
  CHECK(led_to("http://www.example.test:8080", R"(, "host": "www.example.test:8080", "port": 81)") == "/");
}

TEST_CASE("http: a redirect that leaves the target is not resolved") {
  for (const char* location :
       {"https://192.0.2.1/", "http://192.0.2.2/", "//evil.test/", "http://192.0.2.1:81/", "ftp://192.0.2.1/",
        "http:/x", "mailto:a@b", "http://user@192.0.2.1/"}) {
    CHECK(led_to(location) == std::string("the redirect to ") + location + " leaves the target");
  }
  CHECK(led_to("") == "the redirect does not say where to");
  CHECK(led_to("/a b").find("makes no sense") != std::string::npos);
  CHECK(led_to("/" + std::string(3000, 'a')).find("makes no sense") != std::string::npos);
}

TEST_CASE("http: the JSON in the body is looked into") {
  CHECK(mismatch("/status", "ok", R"({"status": "ok"})") == "as expected");
  CHECK(mismatch("", true, "true") == "as expected");
  CHECK(mismatch("/a/1/b~1c", 2, R"({"a": [0, {"b/c": 2.0}]})") == "as expected");
  CHECK(mismatch("/status", "ok", R"({"status": "starting"})") == R"("/status" is "starting", wanted "ok")");
  CHECK(mismatch("/x/9999999999999999999999", 1, R"({"x": []})") ==
        R"(there is no "/x/9999999999999999999999" in the body, wanted 1)");
  CHECK(mismatch("/x", nullptr, "[1]") == R"(there is no "/x" in the body, wanted null)");
  CHECK(mismatch("/x", 1, "<html>") == R"(the body is no JSON: "<html>")");
  CHECK(mismatch("", 1, std::string(65536, '[')) == "the JSON in the body is nested deeper than 100 levels");
  CHECK(mismatch("", 1, R"(["[[[\"[)" + std::string(200, '{') + "\"]").find(", wanted 1") !=
        std::string::npos);
  CHECK_FALSE(JsonExpectation::compile("status", 1).has_value());
}
