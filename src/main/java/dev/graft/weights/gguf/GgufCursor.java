package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads on in a mapped file, never past its end. */
final class GgufCursor {
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String file;
  private final MemorySegment bytes;
  private long at;

  GgufCursor(String file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /** Another one at the same place. */
  GgufCursor copy() {
    GgufCursor copy = new GgufCursor(file, bytes);
    copy.at = at;
    return copy;
  }

  long at() {
    return at;
  }

  byte int8(String what) {
    return bytes.get(ValueLayout.JAVA_BYTE, skip(what, 1));
  }

  int int32(String what) {
    return bytes.get(INT, skip(what, Integer.BYTES));
  }

  long int64(String what) {
    return bytes.get(LONG, skip(what, Long.BYTES));
  }

  /** An unsigned number of 64 bits that must be at most {@code max}. */
  long count(String what, long max) {
    long count = int64(what);
    if (count < 0 || count > max) {
      throw bad(what + " is " + Long.toUnsignedString(count) + ", more than " + max);
    }
    return count;
  }

  /** A string of UTF-8 with its length before it. */
  String text(String what, int maxBytes) {
    long length = count("the length of " + what, maxBytes);
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(slice(what, length).asByteBuffer())
          .toString();
    } catch (CharacterCodingException e) {
      throw new BadModel(file + ": " + what + " is not UTF-8", e);
    }
  }

  MemorySegment slice(String what, long length) {
    return bytes.asSlice(skip(what, length), length);
  }

  /** Where the next {@code length} bytes begin. */
  private long skip(String what, long length) {
    if (length > bytes.byteSize() - at) {
      throw bad(
          "%s needs %d bytes at %d, but the file's head ends at %d; it is truncated or damaged"
              .formatted(what, length, at, bytes.byteSize()));
    }
    long begin = at;
    at += length;
    return begin;
  }

  BadModel bad(String problem) {
    return new BadModel(file + ": " + problem);
  }
}
