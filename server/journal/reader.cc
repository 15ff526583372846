// SPDX-License-Identifier: Apache-2.0
#include "server/journal/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "server/journal/journal_file.h"
#include "server/net/unique_fd.h"

namespace gslbd::server {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
// No line of ours is longer; what is, is somebody else's and is passed over.
constexpr std::size_t kLongestLine = 1024 * 1024;
constexpr std::uint32_t kMostFiles = 1000;

/// The lines of a file, the last first.
class BackwardLines {
 public:
  explicit BackwardLines(const std::string& path)
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    struct stat status {};
    if (file_.get() < 0 || fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    left_ = static_cast<std::uint64_t>(status.st_size);
    written_ = WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
    exists_ = true;
  }
  bool exists() const { return exists_; }
  WallTime written() const { return written_; }

  /// Without its line feed; valid until the next call. nullopt at the file's start.
  std::optional<std::string_view> next() {
    while (true) {
      const std::size_t feed = end_ == 0 ? std::string::npos : buffer_.rfind('\n', end_ - 1);
      if (feed != std::string::npos) {
        const std::string_view line = std::string_view(buffer_).substr(feed + 1, end_ - feed - 1);
        end_ = feed;
        return line;
      }
      if (left_ == 0) {
        if (end_ == 0) return std::nullopt;
        return std::string_view(buffer_).substr(0, std::exchange(end_, 0));
      }
      buffer_.resize(std::min(end_, kLongestLine));
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiece));
      std::string piece(size, '\0');
      left_ -= size;
      if (pread(file_.get(), piece.data(), size, static_cast<off_t>(left_)) != static_cast<ssize_t>(size)) {
        left_ = 0;
        return std::nullopt;
      }
      buffer_.insert(0, piece);
      end_ = buffer_.size();
    }
  }

 private:
  UniqueFd file_;
  bool exists_ = false;
  WallTime written_{};
  std::uint64_t left_ = 0;  ///< octets before what the buffer holds
  std::string buffer_;
  std::size_t end_ = 0;  ///< of what has not been handed out
};

// As to_line() writes it: compact, so that a line without these octets has not this member.
std::string member_text(const char* key, const std::string& value) {
  return Json(key).dump() + ":" + Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Filter {
 public:
  explicit Filter(const JournalQuery& query) : query_(query) {
    const auto add = [this](const char* key, const std::string& value) {
      if (!value.empty()) needles_.push_back(member_text(key, value));
    };
    add("kind", query.kind);
    add("check", query.check);
    add("target", query.target);
    add("site", query.site);
  }
  bool may_match(std::string_view line) const {
    return std::ranges::all_of(
        needles_, [&](const std::string& needle) { return line.find(needle) != std::string_view::npos; });
  }
  bool matches(const Entry& e) const {
    const auto same = [](const std::string& wanted, const std::string& has) {
      return wanted.empty() || wanted == has;
    };
    return same(query_.kind, e.kind) && same(query_.check, e.check) && same(query_.target, e.target) &&
           same(query_.site, e.site) && (!query_.since || e.at >= *query_.since);
  }

 private:
  const JournalQuery& query_;
  std::vector<std::string> needles_;
};

// Clocks are set: an entry a little out of order must not end the reading.
constexpr std::chrono::hours kClockSteps{1};

/// How far back somebody wants to look.
struct Reach {
  std::uint64_t octets = UINT64_MAX;
  std::optional<WallTime> since{};
};
struct Walked {
  std::uint64_t damaged = 0;  ///< lines
  bool whole = true;          ///< false: `octets` were not enough
};

/// `may_matter` looks at the bare line.
Walked walk(const std::string& directory, Reach reach,
            const std::function<bool(std::string_view)>& may_matter,
            const std::function<bool(const Entry&)>& visit) {
  Walked out;
  std::optional<std::uint64_t> before;  // the sequence number of the last one seen
  int missing = 0;
  for (std::uint32_t age = 0; age <= kMostFiles; ++age) {
    BackwardLines lines(journal_path(directory, age));
    // One may be missing for a moment, while files move up by one.
    missing = lines.exists() ? 0 : missing + 1;
    if (missing == 2) break;
    if (lines.exists() && reach.since && lines.written() + kClockSteps < *reach.since) break;
    while (const auto line = lines.next()) {
      if (line->size() >= reach.octets) return {out.damaged, false};
      reach.octets -= line->size() + 1;
      if (line->empty() || !may_matter(*line)) continue;
      const auto entry = parse_entry(*line);
      if (!entry) {
        ++out.damaged;
        continue;
      }
      // A file put aside between two steps comes along twice.
      if (before && entry->sequence >= *before) continue;
      before = entry->sequence;
      if (!visit(*entry)) return out;
    }
  }
  return out;
}

}  // namespace

JournalPage read_journal(const std::string& directory, const JournalQuery& query) {
  JournalPage page;
  const Filter filter(query);
  const std::size_t limit = std::min(query.limit, JournalQuery::kMost);
  if (limit == 0) return page;
  const Walked walked = walk(
      directory, {query.most_octets, query.since},
      [&](std::string_view line) { return filter.may_match(line); },
      [&](const Entry& entry) {
        if (filter.matches(entry)) page.entries.push_back(entry);
        const bool too_old = query.since && entry.at + kClockSteps < *query.since;
        return page.entries.size() < limit && !too_old;
      });
  page.damaged = walked.damaged;
  page.complete = walked.whole;
  return page;
}

void replay_journal(const std::string& directory, const std::function<bool(std::string_view)>& may_matter,
                    const std::function<void(const Entry&)>& visit) {
  std::uint32_t oldest = 0;
  while (oldest < kMostFiles && access(journal_path(directory, oldest + 1).c_str(), R_OK) == 0) ++oldest;
  for (std::uint32_t age = oldest + 1; age-- > 0;) {
    std::ifstream in(journal_path(directory, age), std::ios::binary);
    std::string line;
    while (std::getline(in, line)) {
      if (line.size() > kLongestLine || !may_matter(line)) continue;
      if (const auto entry = parse_entry(line)) visit(*entry);
    }
  }
}

std::optional<Entry> last_entry(const std::string& directory) {
  std::optional<Entry> last;
  (void)walk(
      directory, {}, [](std::string_view) { return true; },
      [&](const Entry& entry) {
        last = entry;
        return false;
      });
  return last;
}

}  // namespace gslbd::server
