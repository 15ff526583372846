// SPDX-License-Identifier: Apache-2.0
#include "health/http/response_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "health/types/octets.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kLocationLimit = 2048;
constexpr std::string_view kVersionPrefix = "HTTP/1.";

std::string excerpt_of(std::string_view octets) {
  return printable(octets, 80);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_token_char(char c) {  // RFC 9110 §5.6.2
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

/// Calls `each` with the trimmed elements of a comma-separated list (RFC 9110 §5.6.1), but the empty ones.
template <class Each>
void for_each_element(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (const std::string_view element = trimmed(list.substr(0, comma)); !element.empty()) each(element);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// The next line without its end. A lone LF ends a line too (RFC 9112 §2.2).
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// The size of the head at the beginning of `text` with its empty line; npos when the empty line has not come
/// yet. Looks only from `from` on.
std::size_t end_of_head(std::string_view text, std::size_t from) {
  for (std::size_t lf = text.find('\n', from); lf != std::string_view::npos; lf = text.find('\n', lf + 1)) {
    const std::string_view rest = text.substr(lf + 1);
    if (rest.substr(0, 1) == "\n") return lf + 2;
    if (rest.substr(0, 2) == "\r\n") return lf + 3;
  }
  return std::string_view::npos;
}

/// Empties `text`, and gives back what a large one took.
void clear(std::string& text) {
  if (text.capacity() > 4096) text = std::string();
  text.clear();
}

}  // namespace

void ResponseParser::reset(bool head_request, bool keep_body) {
  state_ = State::head;
  begun_ = false;
  head_request_ = head_request;
  keep_body_ = keep_body;
  error_.clear();
  clear(line_);
  searched_ = 0;
  interim_count_ = 0;
  clear(body_);
  body_size_ = 0;
  body_cut_ = false;
  trailer_size_ = 0;
  finish_interim();
}

ResponseParser::State ResponseParser::fail(std::string why) {
  error_ = std::move(why);
  return state_ = State::failed;
}

ResponseParser::State ResponseParser::feed(std::string_view octets) {
  begun_ = begun_ || !octets.empty();
  // Each turn takes at least one octet or ends the head, so this ends.
  while (state_ == State::head && !octets.empty()) octets = take_head(octets);
  if (state_ == State::body && !octets.empty()) take_body(octets);
  return state_;
}

ResponseParser::State ResponseParser::end() {
  if (state_ == State::done || state_ == State::failed) return state_;
  if (!begun_) return fail("the connection was closed without an answer");
  if (state_ == State::head) return fail("the connection was closed within the header");
  if (framing_ != Framing::until_close) {
    return fail(fmt::format("the connection was closed within the body, after {} octets of it", body_size_));
  }
  finish({});
  return state_;
}

// --- the head: status line and header ---

// Takes one head, or all octets when its end has not come. Returns what is left.
std::string_view ResponseParser::take_head(std::string_view octets) {
  const std::size_t before = line_.size();
  const std::size_t room = kHeadLimit - before;
  line_.append(octets.substr(0, room));
  if (!looks_like_http()) {
    fail(fmt::format("no HTTP: the peer said \"{}\"", excerpt_of(line_)));
    return {};
  }
  const std::size_t size = end_of_head(line_, searched_);
  if (size == std::string::npos) {
    // The end may be cut in two: "\n\r" may be there, "\n" still to come.
    searched_ = line_.size() < 2 ? 0 : line_.size() - 2;
    if (octets.size() >= room) fail(fmt::format("the header is larger than {} KiB", kHeadLimit / 1024));
    return {};
  }
  const bool ok = parse_head(std::string_view(line_).substr(0, size)) && decide_framing();
  line_.clear();
  searched_ = 0;
  octets.remove_prefix(size - before);
  if (ok && state_ == State::done) finish(octets);
  return octets;
}

// Told at the first octets, so that a peer that speaks something else is not waited for.
bool ResponseParser::looks_like_http() const {
  const std::size_t n = std::min(line_.size(), kVersionPrefix.size());
  return std::string_view(line_).substr(0, n) == kVersionPrefix.substr(0, n);
}

bool ResponseParser::parse_head(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return fail("a NUL octet in the header"), false;
  // A folded line belongs to the one before; the fold means a space (RFC 9112 §5.2).
  std::string unfolded;
  if (head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos) {
    unfolded.assign(head);
    for (std::size_t i = 1; i < unfolded.size(); ++i) {
      if (unfolded[i - 1] != '\n' || (unfolded[i] != ' ' && unfolded[i] != '\t')) continue;
      unfolded[i - 1] = ' ';
      if (i >= 2 && unfolded[i - 2] == '\r') unfolded[i - 2] = ' ';
    }
    head = unfolded;
  }
  if (!parse_status_line(next_line(head))) return false;
  for (std::string_view line = next_line(head); !line.empty(); line = next_line(head)) {
    if (!parse_header_line(line)) return false;
  }
  return true;
}

// RFC 9112 §4: "HTTP/1.1 200 OK"; the phrase may be missing, even with its space.
bool ResponseParser::parse_status_line(std::string_view line) {
  const std::string_view rest = line.substr(std::min(line.size(), kVersionPrefix.size()));
  const bool good = rest.size() >= 5 && is_digit(rest[0]) && rest[1] == ' ' && rest[2] >= '1' &&
                    rest[2] <= '9' && is_digit(rest[3]) && is_digit(rest[4]) &&
                    (rest.size() == 5 || rest[5] == ' ');
  if (!good) return fail(fmt::format("no status line: the peer said \"{}\"", excerpt_of(line))), false;
  minor_version_ = rest[0] - '0';
  status_ = (rest[2] - '0') * 100 + (rest[3] - '0') * 10 + (rest[4] - '0');
  return true;
}

bool ResponseParser::parse_header_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      !std::all_of(name.begin(), name.end(), is_token_char) || line.find('\r') != std::string_view::npos) {
    return fail(fmt::format("no header line: \"{}\"", excerpt_of(line))), false;
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  switch (name.size()) {  // spares most lines the comparisons
    case 8:
      if (equals_ignoring_case(name, "location")) location_ = value.substr(0, kLocationLimit);
      return true;
    case 10:
      if (equals_ignoring_case(name, "connection")) note_connection(value);
      return true;
    case 14:
      return !equals_ignoring_case(name, "content-length") || note_content_length(value);
    case 17:
      return !equals_ignoring_case(name, "transfer-encoding") || note_transfer_encoding(value);
    default:
      return true;
  }
}

// Several lengths that agree are one (RFC 9110 §8.6); any others are a lie about where the response ends.
bool ResponseParser::note_content_length(std::string_view value) {
  bool ok = !value.empty();
  for_each_element(value, [&](std::string_view element) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(element.data(), element.data() + element.size(), length);
    ok = ok && error == std::errc{} && end == element.data() + element.size() &&
         (!has_length_ || length == left_);
    has_length_ = true;
    left_ = length;
  });
  if (!ok) fail(fmt::format("a Content-Length that makes no sense: \"{}\"", excerpt_of(value)));
  return ok;
}

// We never ask for another coding than chunked (RFC 9112 §7.4).
bool ResponseParser::note_transfer_encoding(std::string_view value) {
  if (!equals_ignoring_case(value, "chunked") || has_coding_) {
    return fail(fmt::format("the transfer coding \"{}\" was not asked for", excerpt_of(value))), false;
  }
  return has_coding_ = true;
}

void ResponseParser::note_connection(std::string_view value) {
  for_each_element(value, [this](std::string_view option) {
    if (equals_ignoring_case(option, "close")) says_close_ = true;
    if (equals_ignoring_case(option, "keep-alive")) says_keep_alive_ = true;
  });
}

// How long the body is: RFC 9112 §6.3. Sets the state that follows the head.
bool ResponseParser::decide_framing() {
  if (has_coding_ && has_length_) return fail("both Content-Length and Transfer-Encoding"), false;
  if (has_coding_ && minor_version_ == 0) return fail("Transfer-Encoding in an HTTP/1.0 response"), false;
  if (status_ < 200 && status_ != 101) {
    if (++interim_count_ > kInterimLimit) {
      return fail(fmt::format("more than {} interim (1xx) responses", kInterimLimit)), false;
    }
    finish_interim();
    return true;
  }
  keep_alive_ = !says_close_ && (minor_version_ > 0 || says_keep_alive_) && status_ != 101;
  const bool never_a_body = head_request_ || status_ == 101 || status_ == 204 || status_ == 304;
  if (never_a_body || (has_length_ && left_ == 0)) {
    framing_ = Framing::none;
    state_ = State::done;
    return true;
  }
  framing_ = has_coding_ ? Framing::chunked : has_length_ ? Framing::length : Framing::until_close;
  chunk_part_ = ChunkPart::size_line;
  keep_alive_ = keep_alive_ && framing_ != Framing::until_close;
  state_ = State::body;
  return true;
}

/// Forgets the response so far: another head follows.
void ResponseParser::finish_interim() {
  status_ = 0;
  minor_version_ = 0;
  location_.clear();
  says_close_ = says_keep_alive_ = keep_alive_ = false;
  has_length_ = has_coding_ = false;
  framing_ = Framing::none;
  left_ = 0;
}

// --- the body ---

void ResponseParser::take_body(std::string_view octets) {
  switch (framing_) {
    case Framing::none:
      return;
    case Framing::until_close:
      add_body(octets);
      return;
    case Framing::length: {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size()));
      left_ -= add_body(octets.substr(0, wanted));
      if (left_ == 0) finish(octets.substr(wanted));
      return;
    }
    case Framing::chunked:
      while (state_ == State::body && !octets.empty()) octets = take_chunked(octets);
      return;
  }
}

// RFC 9112 §7.1. Takes one part, or all octets when its end has not come. Returns what is left.
std::string_view ResponseParser::take_chunked(std::string_view octets) {
  if (chunk_part_ != ChunkPart::data) return take_chunk_line(octets);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size()));
  left_ -= add_body(octets.substr(0, wanted));
  if (left_ == 0) chunk_part_ = ChunkPart::data_end;
  return octets.substr(wanted);
}

std::string_view ResponseParser::take_chunk_line(std::string_view octets) {
  const std::size_t lf = octets.find('\n');
  const std::size_t taken = lf == std::string_view::npos ? octets.size() : lf + 1;
  if (line_.size() + taken > kChunkLineLimit) {
    fail(fmt::format("a line among the chunks is longer than {} octets", kChunkLineLimit));
    return {};
  }
  line_.append(octets.substr(0, taken));
  octets.remove_prefix(taken);
  if (lf == std::string_view::npos) return octets;
  std::string_view text = line_;
  const std::string_view line = next_line(text);
  if (parse_chunk_line(line) && state_ == State::done) finish(octets);
  line_.clear();
  return octets;
}

bool ResponseParser::parse_chunk_line(std::string_view line) {
  if (chunk_part_ == ChunkPart::data_end) {
    if (!line.empty()) return fail("a chunk is longer than it said"), false;
    chunk_part_ = ChunkPart::size_line;
    return true;
  }
  if (chunk_part_ == ChunkPart::trailer) {
    trailer_size_ += line.size();
    if (trailer_size_ > kHeadLimit)
      return fail(fmt::format("the trailer is larger than {} KiB", kHeadLimit / 1024)), false;
    if (line.empty()) state_ = State::done;
    return true;
  }
  const std::string_view digits = trimmed(line.substr(0, line.find(';')));  // extensions mean nothing to us
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return fail(fmt::format("a chunk size that makes no sense: \"{}\"", excerpt_of(line))), false;
  }
  chunk_part_ = left_ == 0 ? ChunkPart::trailer : ChunkPart::data;
  return true;
}

// Ends the reading when the body exceeds its limit.
std::size_t ResponseParser::add_body(std::string_view octets) {
  const std::size_t taken = std::min(octets.size(), kBodyLimit - body_size_);
  if (keep_body_) body_.append(octets.substr(0, taken));
  body_size_ += taken;
  if (body_size_ < kBodyLimit) return taken;
  const bool complete = taken == octets.size() && framing_ == Framing::length && taken == left_;
  if (!complete) {
    body_cut_ = true;
    state_ = State::done;
  }
  return taken;
}

void ResponseParser::finish(std::string_view left_over) {
  state_ = State::done;
  if (!left_over.empty()) keep_alive_ = false;
}

}  // namespace gslbd::health
