// SPDX-License-Identifier: Apache-2.0
#include "health/http/redirect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "health/http/request_text.h"
#include "health/types/http_options.h"
#include "health/types/octets.h"

namespace gslbd::health {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

/// A Host in lower case, with its port also where it is the scheme's own.
std::string with_port(std::string_view host, bool tls) {
  std::string out = lower(host);
  const std::size_t bracket = out.rfind(']');
  if (out.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos)
    out += tls ? ":443" : ":80";
  return out;
}

/// The scheme and its colon that `reference` begins with, or nothing (RFC 3986 §3.1).
std::string_view scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?");
  return end != std::string_view::npos && reference[end] == ':' ? reference.substr(0, end + 1)
                                                                : std::string_view();
}

/// RFC 3986 §5.2.4, of a path that begins with "/".
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_directory = false;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at + 1, end - at - 1);
    ends_in_directory = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_in_directory) kept.push_back(segment);
    at = end;
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  return ends_in_directory || out.empty() ? out + "/" : out;
}

}  // namespace

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool turns_into_get(int status, std::string_view method) {
  return (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST");
}

Result<std::string> resolve_redirect(const HttpOptions& o, const Address& address, std::string_view path,
                                     std::string_view location) {
  const std::string shown = printable(location, 80);
  const bool printable = std::none_of(location.begin(), location.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
  if (location.empty()) return fail("the redirect does not say where to");
  if (!printable || location.size() >= 2048)
    return fail(fmt::format("the redirect to {} makes no sense", shown));

  std::string_view rest = location.substr(0, location.find('#'));
  const std::string leaves = fmt::format("the redirect to {} leaves the target", shown);
  if (const std::string_view scheme = scheme_of(rest); !scheme.empty()) {
    if (lower(scheme) != (o.tls ? "https:" : "http:")) return fail(leaves);
    rest.remove_prefix(scheme.size());
    if (rest.substr(0, 2) != "//") return fail(leaves);
  }
  if (rest.substr(0, 2) == "//") {
    const std::size_t end = std::min(rest.find_first_of("/?", 2), rest.size());
    const std::string host = with_port(rest.substr(2, end - 2), o.tls);
    const std::string own_name = o.host.empty() ? "" : with_port(o.host, o.tls);
    if (host != own_name && host != with_port(host_of_address(address, o.port, o.tls), o.tls))
      return fail(leaves);
    rest.remove_prefix(end);
    if (rest.empty()) return std::string("/");
  }
  if (rest.empty()) return std::string(path);  // a fragment of the page itself
  const std::string_view own_path = path.substr(0, path.find('?'));
  const std::string_view query = rest.substr(std::min(rest.find('?'), rest.size()));
  const std::string_view new_path = rest.substr(0, rest.size() - query.size());
  if (new_path.empty()) return std::string(location.front() == '?' ? own_path : "/").append(query);
  if (new_path.front() == '/') return without_dots(new_path).append(query);
  const std::string_view directory = own_path.substr(0, own_path.rfind('/') + 1);
  return without_dots(std::string(directory).append(new_path)).append(query);
}

}  // namespace gslbd::health
