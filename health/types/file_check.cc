// SPDX-License-Identifier: Apache-2.0
// The check type file: another tool writes what it knows into a file, and its first word is the verdict.
//
// Only regular files are read, at most their first 4 KiB, and not on the health thread: a file system that
// hangs (NFS) holds up the checks of its own directory alone. Their probes are then trouble of this
// machine's, which says nothing of the targets. Whoever writes the file replaces it (rename), so that it is
// never read half written.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/unique_fd.h"
#include "health/check_type.h"
#include "health/side_work.h"
#include "health/types/octets.h"
#include "health/uv_loop.h"

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

/// A file as it was found.
struct FileState {
  int error = 0;  ///< errno; the rest says nothing then
  bool regular = false;
  WallTime written{};
  std::string text{};  ///< its beginning
};

/// May block for as long as the file system likes.
FileState read_file(const std::string& path) {
  // Non-blocking: a pipe without a writer must not hold up others.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) return {.error = errno};
  if (!S_ISREG(status.st_mode)) return {};
  std::array<char, kLongestFile> text;
  const ssize_t got = read(file.get(), text.data(), text.size());
  if (got < 0) return {.error = errno};
  const WallTime written(std::chrono::seconds(status.st_mtim.tv_sec) +
                         std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  return {0, true, written, {text.data(), static_cast<std::size_t>(got)}};
}

Outcome judge_file(const std::string& path, const FileState& file, const FileOptions& options, WallTime now) {
  if (file.error == ENOENT) return outcome_of_missing(path, options.missing);
  if (file.error != 0) {
    const Reason reason = outcome_of_errno(file.error).reason;
    return {is_local_trouble(reason) ? reason : Reason::internal,
            fmt::format("cannot read {}: {}", path, std::generic_category().message(file.error))};
  }
  if (!file.regular) return {Reason::protocol, path + " is no regular file"};
  if (options.max_age > Duration(0) && now - file.written > options.max_age) {
    const auto age = std::chrono::round<std::chrono::seconds>(now - file.written);
    return {Reason::silent, fmt::format("the file was written {} ago, wanted at most {}",
                                        format_duration(age), format_duration(options.max_age))};
  }
  return outcome_of_text(file.text);
}

class FileTransport final : public Transport {
 public:
  explicit FileTransport(UvLoop& loop) : loop_(loop) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override;
  void cancel(ProbeId id, const Check& check) override;

 private:
  struct Probe {
    std::string path;
    const FileOptions& options;
    ProbeListener& listener;
  };

  void has_been_read(const std::string& path, const FileState& file);

  const SystemClock clock_{};
  UvLoop& loop_;
  std::unordered_map<ProbeId, Probe> probes_;
  /// By path, who waits for the one reading that is under way; some may have been cancelled.
  std::unordered_map<std::string, std::vector<ProbeId>> readings_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a reading may come back after our end
};

// A reading that hangs is not begun again: the next probe of the same file waits for it too.
void FileTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const std::string path = path_for(check, address);
  probes_.emplace(id, Probe{path, check.as<FileOptions>(), listener});
  const auto [reading, is_new] = readings_.try_emplace(path);
  reading->second.push_back(id);
  if (!is_new) return;
  const std::string directory = std::filesystem::path(path).parent_path().string();
  loop_.side_work().run(directory, [this, path, alive = std::weak_ptr(alive_)]() -> SideWork::Done {
    return [this, path, alive, file = read_file(path)] {
      if (alive.lock()) has_been_read(path, file);
    };
  });
}

std::optional<Outcome> FileTransport::overdue(ProbeId id, const Check& check) {
  const auto probe = probes_.find(id);
  if (probe == probes_.end()) return std::nullopt;
  return Outcome{Reason::internal, fmt::format("{} could not be read within {}: its file system hangs",
                                               probe->second.path, format_duration(check.timeout))};
}

// A reading that hangs is waited for by the last probe alone, not by all that there were.
void FileTransport::cancel(ProbeId id, const Check&) {
  const auto probe = probes_.extract(id);
  if (probe.empty()) return;
  if (const auto reading = readings_.find(probe.mapped().path); reading != readings_.end()) {
    std::erase(reading->second, id);
  }
}

// Listeners may start and cancel probes.
void FileTransport::has_been_read(const std::string& path, const FileState& file) {
  const auto reading = readings_.extract(path);
  for (const ProbeId id : reading.mapped()) {
    const auto probe = probes_.extract(id);
    if (probe.empty()) continue;
    const auto& [unused, options, listener] = probe.mapped();
    listener.probe_ended(id, judge_file(path, file, options, clock_.wall_now()));
  }
}

void read_path(const JsonView& v, Check& c) {
  const auto name = read_string(v);
  if (!name) return;
  std::string rest = *name;
  replace_all(rest, "{address}", "");
  replace_all(rest, "{check}", "");
  if (rest.find_first_of("{}") != std::string::npos) {
    return v.error(fmt::format("{}: only {{address}} and {{check}} can stand in braces", quote(v.json())));
  }
  if (name->empty()) return v.expected("a file name");
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
    .make_transport = make_on_loop<FileTransport>,
    .crosses_network = false,
    .local_power = true,
};

}  // namespace gslbd::health
