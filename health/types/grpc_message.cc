// SPDX-License-Identifier: Apache-2.0
#include "health/types/grpc_message.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "health/types/octets.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kFrameHeader = 5;  // compressed or not, then the length in four octets
constexpr unsigned kFieldOne = 1;        // of both messages: the service asked about, the status answered

/// A protobuf varint at the beginning of `data`, which is cut off.
std::optional<std::uint64_t> take_varint(std::string_view& data) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !data.empty(); shift += 7) {
    const auto octet = static_cast<std::uint8_t>(data.front());
    data.remove_prefix(1);
    value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
    if ((octet & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// Skips one field's value of that wire type. False when it is cut short or of no known type.
bool skip_value(std::string_view& data, std::uint64_t wire_type) {
  std::uint64_t size = 0;
  switch (wire_type) {
    case 0:
      return take_varint(data).has_value();
    case 1:
      size = 8;
      break;
    case 2: {
      const auto length = take_varint(data);
      if (!length) return false;
      size = *length;
      break;
    }
    case 5:
      size = 4;
      break;
    default:
      return false;
  }
  if (size > data.size()) return false;
  data.remove_prefix(size);
  return true;
}

/// The serving status in a framed HealthCheckResponse; 0 when the field is absent, as protobuf has it.
/// nullopt: no such message.
std::optional<std::uint64_t> parse_serving_status(std::string_view frame) {
  if (frame.size() < kFrameHeader || frame[0] != 0) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : frame.substr(1, 4)) length = length << 8 | static_cast<std::uint8_t>(c);
  std::string_view message = frame.substr(kFrameHeader);
  if (length != message.size()) return std::nullopt;
  std::uint64_t status = 0;
  while (!message.empty()) {
    const auto tag = take_varint(message);
    if (!tag) return std::nullopt;
    if (*tag == (kFieldOne << 3)) {
      const auto value = take_varint(message);
      if (!value) return std::nullopt;
      status = *value;
    } else if (!skip_value(message, *tag & 7)) {
      return std::nullopt;
    }
  }
  return status;
}

std::string name_of(std::string_view service) {
  return service.empty() ? "the server" : fmt::format("the service \"{}\"", service);
}

/// https://grpc.io/docs/guides/status-codes/
std::string_view status_name(std::string_view number) {
  static constexpr std::string_view kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (number == std::to_string(i)) return kNames[i];
  }
  return "not a status of gRPC";
}

Outcome judge_failure(std::string_view service, const GrpcAnswer& answer) {
  if (answer.status == "5") {
    return {Reason::status, fmt::format("{} is not known there (NOT_FOUND)", name_of(service))};
  }
  if (answer.status == "12") {
    return {Reason::protocol, "the server does not have the gRPC health service (UNIMPLEMENTED)"};
  }
  std::string text = fmt::format("gRPC status {} ({})", printable(answer.status), status_name(answer.status));
  if (!answer.message.empty()) text += ": " + printable(answer.message);
  return {Reason::status, std::move(text)};
}

}  // namespace

std::string compose_grpc_request(std::string_view service) {
  service = service.substr(0, 255);
  std::string message;
  if (!service.empty()) {
    message += static_cast<char>(kFieldOne << 3 | 2);  // length-delimited
    if (service.size() > 0x7f) message += static_cast<char>(0x80 | (service.size() & 0x7f));
    message += static_cast<char>(service.size() > 0x7f ? service.size() >> 7 : service.size());
    message += service;
  }
  std::string frame(kFrameHeader, '\0');
  frame[3] = static_cast<char>(message.size() >> 8);
  frame[4] = static_cast<char>(message.size() & 0xff);
  return frame + message;
}

Outcome judge_grpc(std::string_view service, const GrpcAnswer& answer) {
  if (answer.status.empty()) return {Reason::protocol, "the peer speaks HTTP/2 but not gRPC: no grpc-status"};
  if (answer.status != "0") return judge_failure(service, answer);
  const auto serving = parse_serving_status(answer.body);
  if (!serving) return {Reason::protocol, "the answer is no message of grpc.health.v1"};
  switch (*serving) {
    case 1:
      return {Reason::pass, "SERVING"};
    case 2:
      return {Reason::reported, fmt::format("{} says NOT_SERVING", name_of(service))};
    case 3:
      return {Reason::status, fmt::format("{} is not known there (SERVICE_UNKNOWN)", name_of(service))};
    default:
      return {Reason::reported, fmt::format("{} says that it does not know (UNKNOWN)", name_of(service))};
  }
}

}  // namespace gslbd::health
