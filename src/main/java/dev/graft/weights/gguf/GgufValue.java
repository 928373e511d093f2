package dev.graft.weights.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The value of a key. Lists stay in the file until they are asked for. */
sealed interface GgufValue {
  record Text(String value) implements GgufValue {}

  record Flag(boolean value) implements GgufValue {}

  record Real(double value) implements GgufValue {}

  /** Unsigned numbers beyond 2^63 are negative here, and so outside of every range. */
  record Whole(long value) implements GgufValue {}

  record Texts(long count, MemorySegment data) implements GgufValue {}

  record Numbers(Kind kind, long count, MemorySegment data) implements GgufValue {
    Number at(long index) {
      return kind.read(data, index * kind.bytes);
    }
  }

  /** Types of values by their numbers in the file. */
  enum Kind {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(0),
    ARRAY(0),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final ValueLayout.OfShort SHORT =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    final int bytes;

    Kind(int bytes) {
      this.bytes = bytes;
    }

    Number read(MemorySegment in, long at) {
      return switch (this) {
        case UINT8, BOOL -> (long) in.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
        case INT8 -> (long) in.get(ValueLayout.JAVA_BYTE, at);
        case UINT16 -> (long) in.get(SHORT, at) & 0xFFFF;
        case INT16 -> (long) in.get(SHORT, at);
        case UINT32 -> (long) in.get(GgufCursor.INT, at) & 0xFFFF_FFFFL;
        case INT32 -> (long) in.get(GgufCursor.INT, at);
        case UINT64, INT64 -> in.get(GgufCursor.LONG, at);
        case FLOAT32 -> (double) Float.intBitsToFloat(in.get(GgufCursor.INT, at));
        case FLOAT64 -> Double.longBitsToDouble(in.get(GgufCursor.LONG, at));
        case STRING, ARRAY -> throw new IllegalArgumentException(this + " is no number");
      };
    }
  }
}
