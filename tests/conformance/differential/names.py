# SPDX-License-Identifier: Apache-2.0
"""Domain names as tuples of labels (octets, the root left out), with their text and their wire form."""

ROOT = ()
# Octets that some reader of master files takes for something else (RFC 1035 §5.1).
_ESCAPED = frozenset(b'."\\;()@$')


def lower(name):
    """The name as names are compared: ASCII letters alone lose their case (RFC 4343 §3)."""
    return tuple(label.lower() for label in name)


def length(name):
    """Octets on the wire; 255 at most (RFC 1035 §2.3.4)."""
    return sum(len(label) + 1 for label in name) + 1


def is_within(name, ancestor):
    """Both in lower case: `name` is `ancestor` or below it."""
    return len(name) >= len(ancestor) and name[len(name) - len(ancestor):] == ancestor


def common_suffix(a, b):
    """How many labels the two names end in together."""
    count = 0
    while count < min(len(a), len(b)) and a[-1 - count] == b[-1 - count]:
        count += 1
    return count


def to_wire(name):
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def from_wire(wire):
    labels, at = [], 0
    while wire[at]:
        labels.append(wire[at + 1:at + 1 + wire[at]])
        at += 1 + wire[at]
    return tuple(labels)


def _label_text(label):
    return "".join(chr(c) if 0x20 < c < 0x7f and c not in _ESCAPED else f"\\{c:03}" for c in label)


def to_text(name, origin=None):
    """Presentation format: absolute, or relative to `origin` where that is above it in the same spelling."""
    if origin and name[len(name) - len(origin):] == origin:
        return ".".join(map(_label_text, name[:len(name) - len(origin)])) or "@"
    return ".".join(map(_label_text, name)) + "."
