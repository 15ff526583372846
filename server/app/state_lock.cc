// SPDX-License-Identifier: Apache-2.0
#include "server/app/state_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/log.h"

namespace gslbd::server {
namespace {

std::string canonical(const std::string& path) {
  std::error_code error;
  const auto out = std::filesystem::canonical(path, error);
  return error ? path : out.string();
}

// Its holder writes its number into the file; what stands there is for people only.
std::string holder_of(int file) {
  std::array<char, 16> text{};
  const ssize_t got = pread(file, text.data(), text.size(), 0);
  const std::string number(text.data(), static_cast<std::size_t>(got < 0 ? 0 : got));
  const auto digits = number.substr(0, number.find_first_not_of("0123456789"));
  return digits.empty() ? std::string() : " (process " + digits + ")";
}

void write_own_number(int file) {
  const std::string number = std::to_string(getpid()) + "\n";
  if (ftruncate(file, 0) != 0 || pwrite(file, number.data(), number.size(), 0) < 0) {
    log::debug("the number of this process cannot be written into the lock");
  }
}

}  // namespace

Result<StateLock> StateLock::take(const std::string& state_dir) {
  StateLock out;
  if (state_dir.empty()) return out;
  const std::string path = (std::filesystem::path(state_dir) / "lock").string();
  out.file_ = UniqueFd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!out.file_) {
    return fail(fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)));
  }
  if (flock(out.file_.get(), LOCK_EX | LOCK_NB) == 0) {
    write_own_number(out.file_.get());
  } else if (errno == EWOULDBLOCK) {
    return fail(fmt::format("state_dir {} is in use by another gslbd{}; each needs its own", state_dir,
                            holder_of(out.file_.get())));
  } else {
    log::warning("{} cannot be locked: {}; a second server with this state_dir would not be noticed", path,
                 std::generic_category().message(errno));
  }
  out.directory_ = canonical(state_dir);
  return out;
}

bool StateLock::holds(const std::string& state_dir) const {
  return state_dir.empty() ? directory_.empty() : canonical(state_dir) == directory_;
}

}  // namespace gslbd::server
