// SPDX-License-Identifier: Apache-2.0
#include "server/journal/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gslbd::server {
namespace {

// Files that an earlier, larger "keep" has left are looked for up to here.
constexpr std::uint32_t kMostFiles = 1000;

constexpr std::chrono::seconds kSyncEvery{1};

std::string errno_text() {
  return std::strerror(errno);
}

bool ends_in_line_feed(int fd, std::uint64_t size) {
  char last = '\n';
  return size == 0 || pread(fd, &last, 1, static_cast<off_t>(size - 1)) != 1 || last == '\n';
}

// All of `data`, or false with errno.
bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::string journal_path(const std::string& directory, std::uint32_t age) {
  const std::string path = directory + "/journal.jsonl";
  return age == 0 ? path : fmt::format("{}.{}", path, age);
}

JournalFile::JournalFile(std::string directory, const JournalSettings& settings)
    : directory_(std::move(directory)), settings_(settings) {}

JournalFile::~JournalFile() {
  close_file();
}

void JournalFile::close_file() {
  if (fd_ < 0) return;
  sync();
  close(fd_);
  fd_ = -1;
}

Result<void> JournalFile::open() {
  const std::string path = journal_path(directory_);
  // Not a pipe, which would wait for a reader; nor what a link leads to, somebody else's file perhaps.
  fd_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
  if (fd_ < 0) return fail(fmt::format("cannot open {}: {}", path, errno_text()));
  struct stat status {};
  const bool regular = fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular || flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    close(fd_);
    fd_ = -1;
    const char* why = regular ? "another program writes it" : "it is not a regular file";
    return fail(fmt::format("cannot open {}: {}", path, why));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (size_ != 0) {
    last_alive_ = WallTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                           std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  }
  if (ends_in_line_feed(fd_, size_)) return {};
  return append("\n");
}

Result<void> JournalFile::append(std::string_view lines) {
  if (fd_ < 0) {
    if (auto opened = open(); !opened) return opened;
  }
  if (size_ != 0 && size_ + lines.size() > settings_.max_size) {
    if (auto aside = put_aside(); !aside) return aside;
  }
  if (!write_all(fd_, lines)) {
    const std::string why = errno_text();
    // Half of a batch would look like a crash.
    if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) close_file();
    return fail(fmt::format("cannot write {}: {}", journal_path(directory_), why));
  }
  size_ += lines.size();
  unsynchronised_ = true;
  return {};
}

Result<void> JournalFile::put_aside() {
  for (std::uint32_t age = std::max(settings_.keep, 1U); age <= kMostFiles; ++age) {
    const bool oldest_kept = age == settings_.keep;
    if (unlink(journal_path(directory_, age).c_str()) != 0 && !oldest_kept) break;
  }
  for (std::uint32_t age = settings_.keep; age-- > 0;) {
    const std::string from = journal_path(directory_, age);
    const std::string to = journal_path(directory_, age + 1);
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
      return fail(fmt::format("cannot rename {}: {}", from, errno_text()));
    }
  }
  if (settings_.keep == 0) unlink(journal_path(directory_).c_str());
  close_file();
  return open();
}

void JournalFile::sync() {
  if (fd_ < 0 || !unsynchronised_) return;
  fdatasync(fd_);  // a disk that fails shows in the next append
  unsynchronised_ = false;
}

void JournalFile::sync_if_due(MonotonicTime now) {
  if (now - synchronised_at_ < kSyncEvery) return;
  synchronised_at_ = now;
  sync();
}

std::optional<MonotonicTime> JournalFile::sync_due() const {
  if (fd_ < 0 || !unsynchronised_) return std::nullopt;
  return synchronised_at_ + kSyncEvery;
}

void JournalFile::touch() {
  if (fd_ >= 0) futimens(fd_, nullptr);
}

}  // namespace gslbd::server
