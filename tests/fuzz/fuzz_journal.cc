// SPDX-License-Identifier: Apache-2.0
// Any text as lines of a journal and as a question to it: a line is an entry that is written as the same
// entry again, or none; a question is refused with a reason, or within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/journal/journal_api.h"

using namespace gslbd;
using namespace gslbd::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Uptime uptime;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    const auto entry = parse_entry(line);
    if (!entry) continue;
    const std::string written = to_line(*entry);
    if (written.find('\n') != written.size() - 1) std::abort();
    const auto again = parse_entry(written);
    if (!again || to_line(*again) != written) std::abort();
    uptime.note(*entry);
  }
  const WallTime now = ManualClock().wall_now();
  uptime.prune(now);
  for (const UptimeFigures& figures : uptime.targets(now)) {
    for (const Share& share : figures.windows) {
      if (share.up < Duration(0) || share.down < Duration(0) || share.unknown < Duration(0)) std::abort();
    }
  }
  const auto query = parse_journal_query(text, now);
  if (query ? query->limit == 0 || query->limit > JournalQuery::kMost : query.error().message.empty())
    std::abort();
  return 0;
}
