// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_routes.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include "core/log.h"

namespace gslbd::server {
namespace {

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool matches(const Route& route, std::string_view path) {
  return route.is_prefix ? path.starts_with(route.path) : path == route.path;
}

HttpResponse call(const Route& route, const HttpRequest& request) {
  try {
    return route.handler(request);
  } catch (const std::exception& e) {
    log::error("{} {} failed: {}", request.method, request.path, e.what());
    return {500, "text/plain; charset=utf-8", "internal error\n"};
  }
}

}  // namespace

HttpResponse dispatch(std::span<const Route> routes, const HttpRequest& request) {
  const Route* best = nullptr;
  std::size_t longest = 0;
  std::string allowed;
  for (const Route& route : routes) {
    if (!matches(route, request.path) || route.path.size() < longest) continue;
    if (route.path.size() > longest) {
      best = nullptr;
      allowed.clear();
    }
    longest = route.path.size();
    if (route.method == request.method) best = &route;
    allowed += (allowed.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
  }
  if (best != nullptr) return call(*best, request);
  if (allowed.empty()) return {404, "text/plain; charset=utf-8", "not found\n"};
  return {405, "text/plain; charset=utf-8", "method not allowed\n", {{"Allow", allowed}}};
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& h) { return same_letters(h.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool has_bearer_token(const HttpRequest& request, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.header("Authorization");
  if (token.empty() || given.size() < kScheme.size() ||
      !same_letters(given.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  const std::string_view secret = given.substr(kScheme.size());
  // The length of the token may show, its contents must not: every octet given is compared. (volatile: so
  // that the compiler does not leave the loop early after all.)
  volatile unsigned difference = secret.size() == token.size() ? 0U : 1U;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const unsigned octets = static_cast<unsigned char>(secret[i]) ^
                            static_cast<unsigned>(static_cast<unsigned char>(token[i % token.size()]));
    difference = difference | octets;
  }
  return difference == 0;
}

bool is_loopback_host(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view port = host.substr(colon + 1);
    if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return false;
    host = host.substr(0, colon);
  }
  if (same_letters(host, "localhost")) return true;
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  const auto address = Address::parse(bracketed ? host.substr(1, host.size() - 2) : host);
  return address && address->is_v4() != bracketed && address->is_loopback();
}

}  // namespace gslbd::server
