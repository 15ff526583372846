// SPDX-License-Identifier: Apache-2.0
#include "server/app/verdict_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/json.h"
#include "core/log.h"

namespace gslbd::server {
namespace {

constexpr int kVersion = 1;

std::int64_t to_milliseconds(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
WallTime from_milliseconds(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

std::string errno_text() {
  return std::strerror(errno);
}

// One entry, or an exception of the JSON library when it has not the form that serialize() gives it.
health::RememberedVerdict read_entry(const Json& entry) {
  const auto address = Address::parse(entry.at("target").get_ref<const std::string&>());
  if (!address) throw std::runtime_error(address.error().message);
  const auto& verdict = entry.at("verdict").get_ref<const std::string&>();
  if (verdict != "up" && verdict != "down") throw std::runtime_error("a verdict that is neither up nor down");
  return {entry.at("check").get<std::string>(), *address,
          verdict == "up" ? health::Verdict::up : health::Verdict::down,
          from_milliseconds(entry.at("since_ms").get<std::int64_t>())};
}

}  // namespace

VerdictStore::VerdictStore(const std::string& state_dir)
    : path_((std::filesystem::path(state_dir) / "verdicts.json").string()) {}

std::vector<health::RememberedVerdict> VerdictStore::load(WallTime now) const {
  if (access(path_.c_str(), F_OK) != 0) return {};
  std::vector<health::RememberedVerdict> out;
  try {
    const auto text = read_file(path_);
    if (!text) throw std::runtime_error(text.error().message);
    const Json file = Json::parse(*text);
    if (file.at("version").get<int>() != kVersion) throw std::runtime_error("it has another version");
    const WallTime written = from_milliseconds(file.at("written_ms").get<std::int64_t>());
    for (const Json& entry : file.at("verdicts")) out.push_back(read_entry(entry));
    // A file from the future tells that a clock was wrong: nobody knows how old it is.
    if (now - written > kFreshFor || written - now > kFreshFor) {
      log::info("{}: written at {}: too long ago to be believed", path_, format_wall_time(written));
      return {};
    }
    log::info("{}: {} verdicts of {} are taken up", path_, out.size(), format_wall_time(written));
    return out;
  } catch (const std::exception& e) {
    const std::string aside = path_ + ".damaged";
    log::warning("{} cannot be used: {}; it is set aside as {}", path_, e.what(), aside);
    if (std::rename(path_.c_str(), aside.c_str()) != 0) log::warning("{}: {}", aside, errno_text());
    return {};
  }
}

std::string VerdictStore::serialize(std::span<const health::TargetStatus> targets, WallTime now) {
  Json verdicts = Json::array();
  for (const auto& t : targets) {
    if (t.verdict == health::Verdict::unknown) continue;
    verdicts.push_back({{"check", t.check},
                        {"target", t.address.to_string()},
                        {"verdict", health::verdict_name(t.verdict)},
                        {"since_ms", to_milliseconds(t.since)}});
  }
  const Json file = {{"version", kVersion}, {"written_ms", to_milliseconds(now)}, {"verdicts", verdicts}};
  return file.dump(1) + "\n";
}

Result<void> VerdictStore::save(const std::string& content) const {
  const std::string fresh = path_ + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return fail(fmt::format("cannot write {}: {}", fresh, errno_text()));
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += static_cast<std::size_t>(n);
  }
  const bool written = done == content.size() && fsync(fd) == 0;
  const std::string why = errno_text();
  close(fd);
  if (!written) return fail(fmt::format("cannot write {}: {}", fresh, why));
  if (std::rename(fresh.c_str(), path_.c_str()) == 0) return {};
  return fail(fmt::format("cannot replace {}: {}", path_, errno_text()));
}

}  // namespace gslbd::server
