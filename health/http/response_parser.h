// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads one HTTP/1.x response (RFC 9112) from octets as they arrive: strict, incremental, and bounded
// whatever the peer sends. It knows no socket, so that a fuzzer can feed it.
//
// Invariants: how the octets are cut into pieces changes nothing but when the end is known; after done or
// failed nothing more is read; never more than kHeadLimit octets of head and kBodyLimit octets of body are
// kept, and none of the body unless it is asked for. Content codings are never asked for and never undone: a
// compressed bomb stays as small as it was sent.
//
// A body beyond kBodyLimit ends the reading: what a health page has to say stands at its beginning.
//
// Thread: one at a time per object.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gslbd::health {

class ResponseParser {
 public:
  static constexpr std::size_t kHeadLimit =
      64 * 1024;  ///< of a status line with its header, and of the trailer
  static constexpr std::size_t kBodyLimit = 64 * 1024;
  static constexpr std::size_t kChunkLineLimit = 1024;
  static constexpr int kInterimLimit = 8;  ///< 1xx responses before the final one

  enum class State : std::uint8_t { head, body, done, failed };

  /// Forgets all and begins anew. `head_request`: the request was HEAD, so no body follows (RFC 9110 §9.3.2).
  void reset(bool head_request, bool keep_body);
  /// Takes the next octets.
  State feed(std::string_view octets);
  /// The peer has closed its side.
  State end();

  State state() const { return state_; }
  bool begun() const { return begun_; }  ///< at least one octet has come
  /// What went wrong, as a sentence for people; when failed.
  const std::string& error() const { return error_; }

  /// From here on: of the final response, once state() is body or done.
  int status() const { return status_; }
  const std::string& location() const {
    return location_;
  }                                                     ///< the Location header, cut to 2 KiB; often empty
  const std::string& body() const { return body_; }     ///< empty unless kept
  std::size_t body_size() const { return body_size_; }  ///< octets of body that were read
  bool body_cut() const { return body_cut_; }           ///< there was more
  /// The connection may carry another request: the end was told by the response itself, the peer keeps the
  /// connection, and nothing followed. When done.
  bool reusable() const { return keep_alive_ && !body_cut_; }

 private:
  enum class Framing : std::uint8_t { none, length, chunked, until_close };
  enum class ChunkPart : std::uint8_t { size_line, data, data_end, trailer };

  State fail(std::string why);
  std::string_view take_head(std::string_view octets);
  bool looks_like_http() const;
  bool parse_head(std::string_view head);
  bool parse_status_line(std::string_view line);
  bool parse_header_line(std::string_view line);
  bool note_content_length(std::string_view value);
  bool note_transfer_encoding(std::string_view value);
  void note_connection(std::string_view value);
  bool decide_framing();
  void finish_interim();
  void take_body(std::string_view octets);
  std::string_view take_chunked(std::string_view octets);
  std::string_view take_chunk_line(std::string_view octets);
  bool parse_chunk_line(std::string_view line);
  std::size_t add_body(std::string_view octets);
  void finish(std::string_view left_over);

  State state_ = State::head;
  bool begun_ = false;
  bool head_request_ = false;
  bool keep_body_ = false;
  std::string error_;

  std::string line_;          ///< the head, a chunk's line or a line of the trailer, as far as it has come
  std::size_t searched_ = 0;  ///< octets of line_ known not to hold the end
  int interim_count_ = 0;

  int status_ = 0;
  int minor_version_ = 0;
  std::string location_;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  bool keep_alive_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  ///< of the body, or of the chunk's data
  ChunkPart chunk_part_ = ChunkPart::size_line;
  std::size_t trailer_size_ = 0;

  std::string body_;
  std::size_t body_size_ = 0;
  bool body_cut_ = false;
};

}  // namespace gslbd::health
