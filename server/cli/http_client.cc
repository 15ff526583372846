// SPDX-License-Identifier: Apache-2.0
#include "server/cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

namespace gslbd::server {
namespace {

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

Result<HttpReply> perform(const Curl& curl, const std::string& url) {
  HttpReply reply;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY,
                   "*");  // an admin address is near, whatever the environment says
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reply.body);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return fail(fmt::format("{}: {}", url, curl_easy_strerror(code)));
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

Curl make_curl() {
  return {curl_easy_init(), &curl_easy_cleanup};
}

tl::unexpected<Error> no_curl() {
  return fail("libcurl cannot be started");
}

}  // namespace

Result<std::string> http_get(const std::string& url) {
  const Curl curl = make_curl();
  if (!curl) return no_curl();
  auto reply = perform(curl, url);
  if (!reply) return tl::unexpected(reply.error());
  std::string& body = reply->body;
  if (reply->status == 200) return std::move(body);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  return fail(fmt::format("{}: HTTP {}: {}", url, reply->status, body));
}

Result<HttpReply> http_post(const std::string& url, const std::string& json, const std::string& token) {
  const Curl curl = make_curl();
  if (!curl) return no_curl();
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  if (!token.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, &curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, json.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(json.size()));
  return perform(curl, url);
}

}  // namespace gslbd::server
