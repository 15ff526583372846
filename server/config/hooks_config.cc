// SPDX-License-Identifier: Apache-2.0
#include "server/config/hooks_config.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "server/journal/entry.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;
using Settings = HookSettings;

bool has_control_or_space(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

// Relative to the file that the value stands in.
std::string resolve(const JsonView& v, const std::string& path) {
  return (std::filesystem::path(v.file()).parent_path() / path).string();
}

// Whether it can be reached only trying tells; that it is no URL at all can be said now.
void read_url(const JsonView& v, std::string_view scheme, std::string_view secure_scheme, std::string& out) {
  auto text = read_string(v);
  if (!text) return;
  const auto separator = text->find("://");
  std::string given = text->substr(0, separator == std::string::npos ? 0 : separator);
  std::ranges::transform(given, given.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string_view rest =
      separator == std::string::npos ? std::string_view() : std::string_view(*text).substr(separator + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const bool good = (given == scheme || given == secure_scheme) && !host.empty() && host.front() != ':' &&
                    !has_control_or_space(*text);
  // Not quoted: it may hold a secret.
  if (!good) {
    return v.error("expected a URL that begins with " + std::string(scheme) + ":// or " +
                   std::string(secure_scheme) + ":// and a host");
  }
  out = std::move(*text);
}

void read_kinds(const JsonView& v, Settings& s) {
  std::vector<std::string_view> names;
  for (const EntryKind& kind : entry_kinds()) names.push_back(kind.name);
  s.on.clear();
  const auto add = [&](const JsonView& element) {
    if (const auto index = read_choice(element, names)) s.on.emplace_back(names[*index]);
  };
  if (!v.json().is_array()) return add(v);
  if (v.json().empty()) return v.expected("at least one kind of event");
  for (std::size_t i = 0; i < v.json().size(); ++i) add(v.element(i));
}

void read_headers(const JsonView& v, Settings& s) {
  if (!v.json().is_object())
    return v.expected("an object of strings, such as {\"Authorization\": \"Bearer ...\"}");
  for (const auto& [name, unused] : v.json().items()) {
    const JsonView at = v.member(name);
    auto text = read_string(at);
    if (!text) continue;
    const bool token = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             (c != 0 &&
              std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos);
    });
    if (!token) {
      at.error("\"" + name + "\" is no name of a header");
    } else if (text->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      at.error("a header's value has no line breaks");
    } else {
      s.headers.emplace_back(name, std::move(*text));
    }
  }
}

std::string find_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view left = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!left.empty()) {
    const std::string_view directory = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(left.size(), directory.size() + 1));
    const auto candidate = (std::filesystem::path(directory) / program).string();
    if (!directory.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

void read_command(const JsonView& v, Settings& s) {
  s.command = read_strings(v);
  if (s.command.empty() || s.command[0].empty()) return v.expected("a program and its arguments");
  const bool bare = s.command[0].find('/') == std::string::npos;
  const std::string found = bare ? find_in_path(s.command[0]) : resolve(v, s.command[0]);
  std::error_code ignored;
  if (found.empty() || access(found.c_str(), X_OK) != 0 || std::filesystem::is_directory(found, ignored)) {
    return v.error("the program " + (found.empty() ? s.command[0] : found) + " cannot be run");
  }
  // It would be looked for from wherever the server was started.
  s.command[0] = std::filesystem::absolute(found, ignored).string();
}

// Only what would break the protocol or a header is an error.
bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at != 0 && at + 1 != text.size() && !has_control_or_space(text) &&
         text.find_first_of("<>,;\"") == std::string_view::npos;
}

void read_mail_addresses(const JsonView& v, std::vector<std::string>& out) {
  out = read_strings(v);
  if (out.empty()) return v.expected("a mail address, or a list of them");
  for (const std::string& address : out) {
    if (!is_mail_address(address)) v.error("\"" + address + "\" is no mail address");
  }
}

void read_readable_file(const JsonView& v, std::string& out) {
  const auto text = read_string(v);
  if (!text) return;
  out = resolve(v, *text);
  if (access(out.c_str(), R_OK) != 0) v.error("the file " + out + " cannot be read");
}

void read_tls(const JsonView& v, Settings& s) {
  const auto index = read_choice(v, {"opportunistic", "required", "off"});
  if (index) s.tls = static_cast<Settings::Tls>(*index);
}

bool logs_in_over_plain_smtp(const Settings& s) {
  const std::size_t scheme = s.smtp.find("://");
  if (scheme != std::string_view("smtp").size()) return false;
  const std::string_view host = std::string_view(s.smtp).substr(scheme + 3);
  return !s.user.empty() || host.substr(0, host.find_first_of("/?#")).find('@') != std::string_view::npos;
}

// Whoever is on the way can hide that STARTTLS is offered, and read the password then.
void protect_password(const JsonView& v, Settings& s) {
  if (!logs_in_over_plain_smtp(s)) return;
  if (!v.json().contains("tls")) {
    s.tls = Settings::Tls::required;
  } else if (s.tls != Settings::Tls::required) {
    v.member("tls").warning("the password can go over the network in clear; \"required\" prevents that");
  }
}

const Field<Settings> kCaFile{"ca_file", "file name", "the system's", "certificates to trust instead, in PEM",
                              [](const JsonView& v, Settings& s) { read_readable_file(v, s.ca_file); }};

const Field<Settings> kCommon[] = {
    {"type", "webhook, exec or mail", "required", "how to tell", [](const JsonView&, Settings&) {}},
    {"name", "string", "the type and its place, `\"webhook-1\"`", "what metrics and the log call it",
     [](const JsonView& v, Settings& s) {
       auto name = read_string(v);
       if (name && (name->empty() || name->size() > 64)) return v.expected("a name of 1 to 64 octets");
       s.name = name.value_or("");
     }},
    {"on", "kind of event, or list of them", "see below",
     "what to tell of; [journal](journal.md) lists the kinds", read_kinds},
    {"group", "duration, 0s to 10m", "`\"2s\"`",
     "how long to wait for more before a message is sent: what happens together is one message",
     [](const JsonView& v, Settings& s) { s.group = read_duration(v, 0s, 10min).value_or(s.group); }},
    {"max_per_minute", "1 to 600", "`10`",
     "messages in a minute; beyond that events wait and are summed up in the next one",
     [](const JsonView& v, Settings& s) {
       s.max_per_minute = static_cast<std::uint32_t>(read_integer(v, 1, 600).value_or(s.max_per_minute));
     }},
    {"timeout", "duration, 100ms to 1m", "`\"5s\"`", "for one attempt; a program is killed then",
     [](const JsonView& v, Settings& s) { s.timeout = read_duration(v, 100ms, 1min).value_or(s.timeout); }},
    {"retries", "0 to 20", "`3`",
     "further attempts after one that failed, 1 s, 2 s, 4 s, ... later, at most 1 min",
     [](const JsonView& v, Settings& s) {
       s.retries = static_cast<std::uint32_t>(read_integer(v, 0, 20).value_or(s.retries));
     }},
};

const Field<Settings> kWebhook[] = {
    {"url", "URL, http or https", "required", "where to POST; never logged, since it may hold a secret",
     [](const JsonView& v, Settings& s) { read_url(v, "http", "https", s.url); }},
    {"headers", "object of strings", "none", "further headers; never logged", read_headers},
    kCaFile,
};

const Field<Settings> kExec[] = {
    {"command", "program, or list of it and its arguments", "required",
     "no shell is involved; a name without a slash is looked for in `PATH`, others are relative to this file",
     read_command},
};

const Field<Settings> kMail[] = {
    {"smtp", "URL, smtp or smtps", "required", "the mail server, `\"smtp://mail.example.com:25\"`",
     [](const JsonView& v, Settings& s) { read_url(v, "smtp", "smtps", s.smtp); }},
    {"from", "mail address", "required", "the sender",
     [](const JsonView& v, Settings& s) {
       s.from = read_string(v).value_or("");
       if (!s.from.empty() && !is_mail_address(s.from)) v.error("\"" + s.from + "\" is no mail address");
     }},
    {"to", "mail address, or list of them", "required", "who gets it",
     [](const JsonView& v, Settings& s) { read_mail_addresses(v, s.to); }},
    {"tls", "opportunistic, required or off", "`\"opportunistic\"`, with a user `\"required\"`",
     "STARTTLS with an `smtp` server: if it is offered, "
     "or no mail without it, or never",
     read_tls},
    {"user", "string", "none", "to log in with",
     [](const JsonView& v, Settings& s) { s.user = read_string(v).value_or(""); }},
    {"password_file", "file name", "none", "a file whose first line is the password",
     [](const JsonView& v, Settings& s) { read_readable_file(v, s.password_file); }},
    kCaFile,
};

std::vector<std::string> default_kinds() {
  std::vector<std::string> out;
  for (const EntryKind& kind : entry_kinds()) {
    if (kind.told_by_default) out.emplace_back(kind.name);
  }
  return out;
}

void read_hook(const JsonView& v, std::size_t index, std::vector<Settings>& out) {
  if (!v.json().is_object()) return v.expected("an object with a \"type\"");
  if (!v.json().contains("type")) return v.error("the key \"type\" is missing (webhook, exec or mail)");
  const std::vector<std::string_view> types{"webhook", "exec", "mail"};
  const auto type = read_choice(v.member("type"), types);
  if (!type) return;
  Settings s;
  s.type = static_cast<Settings::Type>(*type);
  s.on = default_kinds();
  s.name = std::string(types[*type]) + "-" + std::to_string(index + 1);
  std::vector<Field<Settings>> fields(std::begin(kCommon), std::end(kCommon));
  const std::span<const Field<Settings>> own = s.type == Settings::Type::webhook ? webhook_fields()
                                               : s.type == Settings::Type::exec  ? exec_hook_fields()
                                                                                 : mail_hook_fields();
  fields.insert(fields.end(), own.begin(), own.end());
  read_object<Settings>(v, fields, s);
  if (s.type == Settings::Type::mail) protect_password(v, s);
  out.push_back(std::move(s));
}

}  // namespace

void read_hooks(const JsonView& v, std::vector<HookSettings>& out) {
  out.clear();
  if (!v.json().is_array()) return v.expected("a list of hooks");
  if (v.json().size() > kMostHooks) {
    return v.error("more than " + std::to_string(kMostHooks) + " hooks");
  }
  for (std::size_t i = 0; i < v.json().size(); ++i) read_hook(v.element(i), i, out);
  std::set<std::string> names;
  for (const Settings& s : out) {
    if (!names.insert(s.name).second) v.error("two hooks are called \"" + s.name + "\"");
  }
}

std::span<const Field<HookSettings>> hook_fields() {
  return kCommon;
}
std::span<const Field<HookSettings>> webhook_fields() {
  return kWebhook;
}
std::span<const Field<HookSettings>> exec_hook_fields() {
  return kExec;
}
std::span<const Field<HookSettings>> mail_hook_fields() {
  return kMail;
}

}  // namespace gslbd::server
