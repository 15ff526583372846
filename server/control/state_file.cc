// SPDX-License-Identifier: Apache-2.0
#include "server/control/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "core/json.h"
#include "core/log.h"

namespace gslbd::server {
namespace {

std::string errno_text() {
  return std::generic_category().message(errno);
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// A name that was changed is on the disk when its directory is. A file system that cannot do that has done
// what it can.
void sync_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  close(fd);
}

}  // namespace

StateFile::StateFile(const std::string& state_dir, std::string_view name)
    : path_((std::filesystem::path(state_dir) / name).string()) {}

Result<std::optional<std::string>> StateFile::read() const {
  if (access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
  auto text = read_file(path_);
  if (!text) return tl::unexpected(text.error());
  return std::optional(std::move(*text));
}

Result<void> StateFile::write(std::string_view content) const {
  const std::string fresh = path_ + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return fail(fmt::format("cannot write {}: {}", fresh, errno_text()));
  const bool written = write_all(fd, content) && fsync(fd) == 0;
  const std::string why = written ? std::string() : errno_text();
  close(fd);
  if (!written) return fail(fmt::format("cannot write {}: {}", fresh, why));
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) {
    return fail(fmt::format("cannot replace {}: {}", path_, errno_text()));
  }
  sync_directory_of(path_);
  return {};
}

std::string StateFile::set_aside(std::string_view why) const {
  const std::string aside = path_ + ".damaged";
  std::string message = fmt::format("{} cannot be used: {}; it is set aside as {}", path_, why, aside);
  if (std::rename(path_.c_str(), aside.c_str()) != 0) {
    message = fmt::format("{} cannot be used: {}; nor set aside: {}", path_, why, errno_text());
  }
  log::warning("{}", message);
  return message;
}

std::int64_t to_milliseconds(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

// Beyond these a time in nanoseconds would not fit: the file is damaged.
WallTime from_milliseconds(const Json& value) {
  constexpr std::int64_t kLatest_ms = 9'000'000'000'000;  // the year 2255
  if (!value.is_number_integer()) throw std::runtime_error("a time that is no whole number");
  const auto ms = value.get<std::int64_t>();
  if (ms < 0 || ms > kLatest_ms) throw std::runtime_error("a time that is out of reach");
  return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace gslbd::server
