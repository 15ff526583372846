// SPDX-License-Identifier: Apache-2.0
// The check type file: another tool writes what it knows into a file, and its first word is the verdict.
//
// Only regular files are read, at most their first 4 KiB, on the health thread: they belong on a local disk
// or in memory (/run), where that takes microseconds. A file system that hangs (NFS) would hang every check.
// Whoever writes the file replaces it (rename), so that it is never read half written.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/unique_fd.h"
#include "health/check_type.h"
#include "health/types/octets.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kLongestFile = 4096;  ///< octets that are read

/// What a file that is not there says.
enum class Missing : std::uint8_t { down, up, keep };
constexpr std::array<std::string_view, 3> kMissingNames{"down", "up", "keep"};

struct FileOptions final : CheckOptions {
  std::string path;     ///< with placeholders
  Duration max_age{0};  ///< 0: any
  Missing missing = Missing::down;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = s.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(kSpace) - first + 1);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string path_for(const Check& check, const Address& address) {
  std::string path = check.as<FileOptions>().path;
  replace_all(path, "{address}", address.to_string());
  replace_all(path, "{check}", check.name);
  return path;
}

Outcome outcome_of_missing(const std::string& path, Missing missing) {
  const std::string detail = "there is no " + path;
  switch (missing) {
    case Missing::up:
      return {Reason::pass, detail};
    case Missing::keep:
      return {Reason::unheard, detail};
    default:
      return {Reason::silent, detail};
  }
}

/// The first line decides: its first word is the verdict, the rest the detail.
Outcome outcome_of_text(std::string_view text) {
  const std::string_view start = trimmed(text);
  const std::string_view line = trimmed(start.substr(0, start.find('\n')));
  const auto word_end = std::min(line.find_first_of(" \t:,;"), line.size());
  const std::string word = lower(line.substr(0, word_end));
  const auto is = [&word](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const std::string_view rest = line.substr(word_end);
  const std::string detail = printable(rest.substr(std::min(rest.find_first_not_of(" \t:,;"), rest.size())));
  if (is({"up", "pass", "ok", "1"})) return {Reason::pass, detail};
  if (is({"down", "fail", "0"})) {
    return {Reason::reported, "the file says down" + (detail.empty() ? "" : ": " + detail)};
  }
  if (word.empty()) return {Reason::protocol, "the file is empty"};
  return {Reason::protocol,
          fmt::format("the file begins with \"{}\", wanted up or down", printable(word, 40))};
}

Outcome read_state(const std::string& path, const FileOptions& options, WallTime now) {
  const auto cannot = [&path](int error) {
    const Reason reason = outcome_of_errno(error).reason;
    return Outcome{is_local_trouble(reason) ? reason : Reason::internal,
                   fmt::format("cannot read {}: {}", path, std::generic_category().message(error))};
  };
  // Non-blocking: a pipe without a writer must not hold up every check.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) return errno == ENOENT ? outcome_of_missing(path, options.missing) : cannot(errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return cannot(errno);
  if (!S_ISREG(status.st_mode)) return {Reason::protocol, path + " is no regular file"};
  const WallTime written(std::chrono::seconds(status.st_mtim.tv_sec) +
                         std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  if (options.max_age > Duration(0) && now - written > options.max_age) {
    const auto age = std::chrono::round<std::chrono::seconds>(now - written);
    return {Reason::silent, fmt::format("the file was written {} ago, wanted at most {}",
                                        format_duration(age), format_duration(options.max_age))};
  }
  std::array<char, kLongestFile> text;
  const ssize_t got = read(file.get(), text.data(), text.size());
  if (got < 0) return cannot(errno);
  return outcome_of_text({text.data(), static_cast<std::size_t>(got)});
}

class FileTransport final : public Transport {
 public:
  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    const auto& options = check.as<FileOptions>();
    listener.probe_ended(id, read_state(path_for(check, address), options, clock_.wall_now()));
  }
  void cancel(ProbeId, const Check&) override {}

 private:
  const SystemClock clock_{};
};

void read_path(const JsonView& v, Check& c) {
  const auto name = read_string(v);
  if (!name) return;
  std::string rest = *name;
  replace_all(rest, "{address}", "");
  replace_all(rest, "{check}", "");
  if (rest.find_first_of("{}") != std::string::npos) {
    return v.error(fmt::format("{}: only {{address}} and {{check}} can stand in braces", quote(v.json())));
  }
  if (rest.empty()) return v.expected("a file name");
  c.as<FileOptions>().path = (std::filesystem::path(v.file()).parent_path() / *name).string();
}

const Field<Check> kFields[] = {
    {"path", "file name", "required",
     "the file; `{address}` in it stands for the target's address and `{check}` for the name of the check",
     read_path},
    {"max_age", "duration, 1s to 30d", "any age", "a file that was last written longer ago is a failure",
     [](const JsonView& v, Check& c) {
       using std::chrono::hours, std::chrono::seconds;
       c.as<FileOptions>().max_age = read_duration(v, seconds(1), hours(24 * 30)).value_or(Duration(0));
     }},
    {"missing", "down, up or keep", "\"down\"",
     "what a file that is not there says: a failure, a pass, or nothing, so that the verdict stays",
     [](const JsonView& v, Check& c) {
       const auto choice = read_choice(v, {kMissingNames.begin(), kMissingNames.end()});
       if (choice) c.as<FileOptions>().missing = static_cast<Missing>(*choice);
     }},
};

}  // namespace

constinit const CheckType kFileCheck{
    .name = "file",
    .help = "reads a state file that another tool writes",
    .defaults = default_options<FileOptions>,
    .fields = kFields,
    .describe =
        [](const Check& c, std::string& out) {
          const auto& o = c.as<FileOptions>();
          // Checks of other names read other files, if the name is in the path.
          const std::string name = o.path.find("{check}") != std::string::npos ? c.name : std::string();
          out += fmt::format(" path={}:{} name={}:{} max_age={} missing={}", o.path.size(), o.path,
                             name.size(), name, o.max_age.count(), static_cast<int>(o.missing));
        },
    .make_transport = [](const ProbeContext&) -> std::unique_ptr<Transport> {
      return std::make_unique<FileTransport>();
    },
    .crosses_network = false,
    .local_power = true,
};

}  // namespace gslbd::health
