// SPDX-License-Identifier: Apache-2.0
#include "server/control/guard.h"

#include "core/json.h"
#include "server/control/replies.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

constexpr const char* kToken = "correct-horse-battery";

HttpRequest from(const std::string& peer, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpRequest request;
  request.method = "POST";
  request.peer = *Address::parse(peer);
  request.headers = std::move(headers);
  return request;
}

// 0: it may pass.
int status(const Guard& guard, const HttpRequest& request, std::string_view own = {}) {
  const auto refused = guard.refuse(request, own);
  return refused ? refused->status : 0;
}

std::pair<std::string, std::string> bearer(const std::string& token) {
  return {"Authorization", "Bearer " + token};
}

}  // namespace

TEST_CASE("without a token this host may command, and nobody else") {
  const Guard guard;
  CHECK(status(guard, from("127.0.0.1")) == 0);
  CHECK(status(guard, from("127.9.9.9", {{"Host", "localhost:9153"}})) == 0);
  CHECK(status(guard, from("192.0.2.1")) == 403);
  CHECK(status(guard, from("192.0.2.1", {bearer("")})) == 403);
  CHECK(status(guard, from("192.0.2.1", {bearer("anything")})) == 403);
}

TEST_CASE("with a token everybody needs it, wherever he is") {
  Guard guard;
  guard.set_token(kToken);
  CHECK(status(guard, from("127.0.0.1")) == 401);
  CHECK(status(guard, from("192.0.2.1")) == 401);
  CHECK(status(guard, from("127.0.0.1", {bearer("wrong")})) == 401);
  CHECK(status(guard, from("127.0.0.1", {{"Authorization", kToken}})) == 401);
  CHECK(status(guard, from("127.0.0.1", {bearer(kToken)})) == 0);
  CHECK(status(guard, from("192.0.2.1", {bearer(kToken)})) == 0);
  const auto refused = guard.refuse(from("127.0.0.1"));
  REQUIRE(refused);
  CHECK(refused->headers.at(0) ==
        std::pair<std::string, std::string>("WWW-Authenticate", "Bearer realm=\"gslbd\""));
  CHECK(Json::parse(refused->body).at("error") ==
        "this needs a token: send it as \"Authorization: Bearer <token>\"");
}

TEST_CASE("a route's own token opens that route, beside the admin token") {
  Guard guard;
  CHECK(status(guard, from("127.0.0.1"), "heartbeat-of-fra-1") == 401);
  CHECK(status(guard, from("192.0.2.1", {bearer("heartbeat-of-fra-1")}), "heartbeat-of-fra-1") == 0);
  guard.set_token(kToken);
  CHECK(status(guard, from("192.0.2.1", {bearer(kToken)}), "heartbeat-of-fra-1") == 0);
  CHECK(status(guard, from("192.0.2.1", {bearer("heartbeat-of-fra-1")})) == 401);
}

TEST_CASE("a web page of another origin gives no commands, token or not") {
  Guard guard;
  const std::pair<std::string, std::string> host{"Host", "127.0.0.1:9153"};
  for (const std::string origin :
       {"https://evil.example", "null", "http://127.0.0.1:8080", "http://127.0.0.1"}) {
    INFO(origin);
    CHECK(status(guard, from("127.0.0.1", {host, {"Origin", origin}})) == 403);
  }
  CHECK(status(guard, from("127.0.0.1", {host, {"Origin", "http://127.0.0.1:9153"}})) == 0);
  CHECK(status(guard, from("127.0.0.1", {{"Origin", "http://127.0.0.1:9153"}})) == 403);
  guard.set_token(kToken);
  CHECK(status(guard, from("127.0.0.1", {host, bearer(kToken), {"Origin", "https://evil.example"}})) == 403);
}

TEST_CASE("a name that was made to point here opens nothing") {
  const Guard guard;
  CHECK(status(guard, from("127.0.0.1",
                           {{"Host", "evil.example:9153"}, {"Origin", "http://evil.example:9153"}})) == 403);
}

TEST_CASE("a body must be JSON and say so") {
  HttpResponse refusal;
  auto request = from("127.0.0.1");
  request.body = "{\"site\": \"fra\"}";
  CHECK_FALSE(json_body(request, refusal));
  CHECK(refusal.status == 415);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  CHECK_FALSE(json_body(request, refusal));
  request.headers = {{"content-type", "Application/JSON ; charset=utf-8"}};
  CHECK(json_body(request, refusal));
  request.body = "{\"site\": ";
  CHECK_FALSE(json_body(request, refusal));
  CHECK(refusal.status == 400);
  CHECK(Json::parse(refusal.body).at("errors").size() == 1);
  request.body = R"({"site": "fra", "site": "nyc"})";
  CHECK_FALSE(json_body(request, refusal));
  CHECK(Json::parse(refusal.body).at("errors").at(0).at("pointer") == "/site");
}
