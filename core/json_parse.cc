// SPDX-License-Identifier: Apache-2.0
// parse_json: nlohmann's SAX events to a document, with what its own DOM parser does not give: duplicate keys
// reported with their pointer, line and column of syntax errors, and one object's members as a stream.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/json.h"
#include "core/unique_fd.h"

namespace gslbd {
namespace {

constexpr std::size_t kMaxDepth = 64;  // deeper than any file of ours; keeps hostile input off the stack
constexpr std::size_t kMaxRepeatedKeys = 50;  // that are reported one by one: a broken file may have millions

class DocumentBuilder final : public nlohmann::json_sax<Json> {
 public:
  DocumentBuilder(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                  const MemberStream& stream)
      : text_(text), file_(file), diagnostics_(diagnostics), stream_(stream) {}

  Json take() { return std::move(root_); }

  /// Says how many keys that stand twice were not reported.
  void finish() {
    if (repeated_keys_ <= kMaxRepeatedKeys) return;
    const auto more = repeated_keys_ - kMaxRepeatedKeys;
    diagnostics_.error(file_, "", fmt::format("... and {} more keys that stand twice", more));
  }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool v) override { return scalar(v); }
  bool number_integer(number_integer_t v) override { return scalar(v); }
  bool number_unsigned(number_unsigned_t v) override { return scalar(v); }
  bool number_float(number_float_t v, const string_t&) override { return scalar(v); }
  bool string(string_t& v) override { return scalar(std::move(v)); }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool end_object() override { return close(); }

  bool key(string_t& k) override {
    Frame& frame = frames_.back();
    frame.key = k;
    if (in_stream()) {
      frame.slot = &streamed_;
      return true;
    }
    const auto [member, is_new] = frame.value->get_ref<Json::object_t&>().try_emplace(std::move(k));
    frame.slot = &member->second;
    if (!is_new && ++repeated_keys_ <= kMaxRepeatedKeys) {
      diagnostics_.error(file_, pointer(), "the key \"" + frame.key + "\" stands twice in this object");
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& e) override {
    // The position counts the octets read, the offending token's included: people want its start. At the end
    // of the text there is no token.
    const std::size_t read = std::max<std::size_t>(1, token.size());
    const std::size_t at = position > text_.size() ? text_.size() : position < read ? 0 : position - read;
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
    const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
    diagnostics_.error(file_, fmt::format("line {}, column {}", line, column), reason(e.what()));
    return false;
  }

 private:
  struct Frame {
    Json* value;
    std::string key = {};  ///< of an object: of the member that is being read
    Json* slot = nullptr;  ///< and where that goes
  };

  // nlohmann: "[json.exception.parse_error.101] parse error at line 1, column 2: <what we want>"
  static std::string reason(std::string_view what) {
    if (const auto column = what.find("column "); column != std::string_view::npos) {
      if (const auto colon = what.find(": ", column); colon != std::string_view::npos)
        what = what.substr(colon + 2);
    }
    return std::string(what);
  }

  bool in_stream() const { return streaming_ && frames_.size() == 2; }

  std::string pointer() const {
    std::string out;
    for (const Frame& frame : frames_) {
      const std::string step =
          frame.value->is_array() ? std::to_string(frame.value->size()) : escape_pointer_token(frame.key);
      out += "/" + step;
    }
    return out;
  }

  // Puts `v` where it belongs and returns its place.
  Json* place(Json&& v) {
    if (frames_.empty()) return &(root_ = std::move(v));
    Frame& frame = frames_.back();
    if (frame.value->is_array()) return &frame.value->emplace_back(std::move(v));
    return &(*frame.slot = std::move(v));
  }

  void deliver() {
    if (stream_.member) stream_.member(frames_.back().key, streamed_);
  }

  template <class V>
  bool scalar(V&& v) {
    place(Json(std::forward<V>(v)));
    if (in_stream()) deliver();
    return true;
  }

  bool open(Json&& empty) {
    if (frames_.size() >= kMaxDepth) {
      diagnostics_.error(file_, pointer(), fmt::format("nested deeper than {} levels", kMaxDepth));
      return false;
    }
    const bool starts_stream = frames_.size() == 1 && empty.is_object() && frames_[0].value->is_object() &&
                               !stream_.key.empty() && frames_[0].key == stream_.key;
    frames_.push_back({place(std::move(empty))});
    if (starts_stream) {
      streaming_ = true;
      if (stream_.begin) stream_.begin(root_);
    }
    return true;
  }

  bool close() {
    if (frames_.size() == 2) streaming_ = false;
    frames_.pop_back();
    if (in_stream()) deliver();
    return true;
  }

  std::string_view text_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  const MemberStream& stream_;
  Json root_;
  Json streamed_;
  std::vector<Frame> frames_;
  bool streaming_ = false;
  std::size_t repeated_keys_ = 0;
};

}  // namespace

std::optional<Json> parse_json(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                               const MemberStream& stream) {
  DocumentBuilder builder(text, file, diagnostics, stream);
  const bool whole = Json::sax_parse(text.begin(), text.end(), &builder, Json::input_format_t::json,
                                     /*strict=*/true, /*ignore_comments=*/true);
  builder.finish();
  if (!whole) return std::nullopt;
  return builder.take();
}

Result<std::string> read_file(const std::string& path) {
  const auto failure = [] { return fail(fmt::format("cannot read: {}", std::strerror(errno))); };
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return failure();
  if (S_ISDIR(status.st_mode)) return fail("cannot read: it is a directory");
  // A pipe would wait for a writer, and everybody for us.
  if (!S_ISREG(status.st_mode)) return fail("cannot read: it is not a regular file");
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failure();
  // It may be longer by now, or shorter. The octet more shows the end without another round.
  std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
  for (std::size_t at = 0;;) {
    const ssize_t n = read(fd.get(), text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure();
    at += static_cast<std::size_t>(n);
    if (n == 0) {
      text.resize(at);
      return text;
    }
    if (at == text.size()) text.resize(text.size() * 2);
  }
}

}  // namespace gslbd
