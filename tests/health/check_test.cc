// SPDX-License-Identifier: Apache-2.0
#include "health/check.h"

#include <algorithm>

#include "health/check_type.h"
#include "health/types/http_options.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace std::chrono_literals;

namespace {

struct Reading {
  std::optional<Check> check;
  std::vector<std::string> complaints;
};

Reading read(const std::string& text) {
  static const std::string file = "t.json";
  Diagnostics diagnostics;
  Reading reading;
  const auto document = parse_json(text, file, diagnostics);
  if (document) reading.check = read_check(JsonView(*document, file, diagnostics), "web");
  for (const auto& d : diagnostics.all()) reading.complaints.push_back(d.to_string());
  return reading;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a check takes its defaults") {
  const auto r = read(R"({"type": "http"})");
  CHECK(r.complaints == Lines{});
  REQUIRE(r.check.has_value());
  CHECK(r.check->name == "web");
  CHECK(r.check->type->name == "http");
  CHECK(r.check->interval == Duration(2s));
  CHECK(r.check->timeout == Duration(1s));
  CHECK(r.check->confirm_interval == Duration(250ms));
  CHECK(r.check->rise == 2);
  CHECK(r.check->fall == 3);
  const auto& o = r.check->as<HttpOptions>();
  CHECK(o.port == 80);
  CHECK(o.path == "/");
  CHECK(o.wants_status(204));
  CHECK_FALSE(o.wants_status(301));
  CHECK(read(R"({"type": "https"})").check->as<HttpOptions>().port == 443);
}

TEST_CASE("every option of an http check is read") {
  const auto r = read(R"({"type": "https", "port": 8443, "path": "/healthz?deep=1", "host": "www.example.com",
      "sni": "edge.example.com", "method": "POST", "headers": {"X-Probe": "1", "Accept": ""}, "tls_verify": false,
      "expect": {"status": [200, "300-302"], "body": "^ok"},
      "interval": "10s", "timeout": 3, "confirm_interval": "500ms", "rise": 1, "fall": 5, "jitter": 0})");
  CHECK(r.complaints == Lines{});
  REQUIRE(r.check.has_value());
  const auto& o = r.check->as<HttpOptions>();
  CHECK(o.tls);
  CHECK(o.host == "www.example.com");
  CHECK(o.sni == "edge.example.com");
  CHECK(o.method == "POST");
  CHECK(o.headers.size() == 2);
  CHECK_FALSE(o.tls_settings.verify);
  CHECK(format_status(o.status) == "200, 300-302");
  CHECK(o.body->matches("ok\n"));
  CHECK_FALSE(o.body->matches("not ok"));
  CHECK(r.check->timeout == Duration(3s));
}

TEST_CASE("timeout and confirm interval shrink with a short interval unless they were given") {
  const auto r = read(R"({"type": "tcp", "port": 1, "interval": "200ms"})");
  REQUIRE(r.check.has_value());
  CHECK(r.check->timeout == Duration(200ms));
  CHECK(r.check->confirm_interval == Duration(200ms));
}

TEST_CASE("every mistake in a check is reported at its place") {
  CHECK(read("[1]").complaints == Lines{"t.json: expected an object, found a list"});
  CHECK(read("{}").complaints == Lines{"t.json: the key \"type\" is missing (one of the types below)"});
  CHECK(
      read(R"({"type": "htp", "port": 80, "expect": {}, "rise": 0})").complaints ==
      Lines{
          "t.json: /type: \"htp\" is none of tcp, tls, http, https, grpc, icmp, udp, dns, exec, push, file; "
          "did you mean \"http\"?",
          "t.json: /rise: 0 is outside 1 to 255"});
  CHECK(read(R"({"type": "tcp"})").complaints == Lines{"t.json: the key \"port\" is missing (1 to 65535)"});
  CHECK(read(R"({"type": "tcp", "port": 65536, "path": "/", "intervall": "1s", "fall": 256, "jitter": 0.6})")
            .complaints ==
        Lines{"t.json: /intervall: unknown key \"intervall\"; did you mean \"interval\"?",
              "t.json: /path: unknown key \"path\"", "t.json: /fall: 256 is outside 1 to 255",
              "t.json: /jitter: 0.6 is outside 0 to 0.5", "t.json: /port: 65536 is outside 1 to 65535"});
  CHECK(read(R"({"type": "icmp", "interval": "49ms", "timeout": 0, "confirm_interval": "1ms", "size": 15})")
            .complaints == Lines{"t.json: /interval: \"49ms\" is outside 50ms to 1d",
                                 "t.json: /timeout: 0 is outside 10ms to 1m",
                                 "t.json: /confirm_interval: \"1ms\" is outside 10ms to 1d",
                                 "t.json: /size: 15 is outside 16 to 1400"});
  CHECK(read(R"({"type": "icmp", "interval": "1s", "timeout": "2s", "confirm_interval": "3s"})").complaints ==
        Lines{"t.json: /timeout: 2s is longer than the interval of 1s",
              "t.json: /confirm_interval: 3s is longer than the interval of 1s"});
}

TEST_CASE("every mistake in the http options is reported at its place") {
  CHECK(
      read(R"({"type": "http", "path": "healthz", "host": "a b", "method": "GE T",
                 "headers": {"X Y": "1", "X-Ok": 1, "X-Bad": "a\nb"}, "tls_verify": true})")
          .complaints ==
      Lines{"t.json: /tls_verify: unknown key \"tls_verify\"",
            "t.json: /path: \"healthz\" is no path: it starts with \"/\" and has no spaces, \"#\" or control "
            "characters",
            "t.json: /host: \"a b\" is no host name", "t.json: /method: \"GE T\" is no method",
            "t.json: /headers/X Y: \"X Y\" is no header name",
            "t.json: /headers/X-Bad: the value has control characters",
            "t.json: /headers/X-Ok: expected a string, found 1"});
  CHECK(
      read(
          R"({"type": "http", "expect": {"status": [200, 99, "299-200", "2xx"], "body": "(", "boddy": "x"}})")
          .complaints ==
      Lines{"t.json: /expect/boddy: unknown key \"boddy\"; did you mean \"body\"?",
            "t.json: /expect/status/1: expected a status such as 200 or \"200-299\" (100 to 599), found 99",
            "t.json: /expect/status/2: expected a status such as 200 or \"200-299\" (100 to 599), found "
            "\"299-200\"",
            "t.json: /expect/status/3: expected a status such as 200 or \"200-299\" (100 to 599), found "
            "\"2xx\"",
            "t.json: /expect/body: the pattern is not valid: missing ): ("});
  CHECK(read(R"({"type": "http", "expect": {"status": []}})").complaints ==
        Lines{"t.json: /expect/status: the list is empty: no status would ever do"});
  CHECK(read(R"({"type": "http", "method": "HEAD", "expect": {"body": "ok"}})").complaints ==
        Lines{"t.json: /expect/body: a HEAD request has no body to match"});
  CHECK(read(R"({"type": "https", "ca_file": "/nonexistent.pem"})").complaints ==
        Lines{"t.json: /ca_file: cannot read /nonexistent.pem: No such file or directory"});
}

TEST_CASE("checks that probe alike have the same fingerprint, and no others") {
  const auto print = [](const std::string& text) { return read(text).check.value().fingerprint(); };
  CHECK(print(R"({"type": "http"})") ==
        print(R"({"expect": {"status": "200-299"}, "type": "http", "port": 80, "interval": "2000ms"})"));
  const Lines different{R"({"type": "http"})",
                        R"({"type": "https"})",
                        R"({"type": "https", "port": 80})",
                        R"({"type": "http", "path": "/a"})",
                        R"({"type": "http", "host": "a"})",
                        R"({"type": "https", "sni": "a"})",
                        R"({"type": "http", "method": "HEAD"})",
                        R"({"type": "http", "headers": {"a": "b"}})",
                        R"({"type": "http", "headers": {"a": "b value=1:c"}})",
                        R"({"type": "http", "expect": {"status": 200}})",
                        R"({"type": "http", "expect": {"body": "a"}})",
                        R"({"type": "http", "rise": 3})",
                        R"({"type": "http", "fall": 4})",
                        R"({"type": "http", "interval": "3s"})",
                        R"({"type": "http", "timeout": "900ms"})",
                        R"({"type": "http", "confirm_interval": "300ms"})",
                        R"({"type": "http", "jitter": 0.2})",
                        R"({"type": "tcp", "port": 80})",
                        R"({"type": "tcp", "port": 81})",
                        R"({"type": "icmp"})",
                        R"({"type": "icmp", "size": 57})"};
  Lines prints;
  for (const auto& text : different) prints.push_back(print(text));
  std::sort(prints.begin(), prints.end());
  CHECK(std::adjacent_find(prints.begin(), prints.end()) == prints.end());
}

TEST_CASE("every type documents every option it reads") {
  CHECK(check_field_docs("").size() >= 10);
  for (const auto type : check_type_names()) {
    const auto docs = check_field_docs(type);
    CHECK_FALSE(docs.empty());
    for (const auto& doc : docs) {
      CAPTURE(type, doc.key);
      CHECK_FALSE(doc.type.empty());
      CHECK_FALSE(doc.fallback.empty());
      CHECK_FALSE(doc.help.empty());
    }
  }
  const auto docs = check_field_docs("https");
  CHECK(std::any_of(docs.begin(), docs.end(), [](const FieldDoc& d) { return d.key == "expect.status"; }));
  CHECK(check_field_docs("smtp").empty());
}
