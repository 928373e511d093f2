package dev.graft.weights.gguf;

import dev.graft.weights.gguf.GgufValue.Kind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands before the numbers.
 *
 * @param tensors as they are described, not yet looked for
 * @param end where the description ends, in bytes
 */
record GgufHead(Map<String, GgufValue> values, List<Described> tensors, long end) {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int MAX_KEYS = 1 << 16;
  private static final int MAX_TENSORS = 1 << 17;
  private static final int MAX_KEY = 1 << 16;
  private static final int MAX_TEXT = 1 << 24;
  private static final int MAX_TENSOR_NAME = 256;
  private static final int MAX_DIMENSIONS = 4;

  /**
   * @param shape row-major, as everywhere here; ggml has the fastest dimension first
   * @param type ggml's number
   * @param offset in the numbers, in bytes
   */
  record Described(String name, long[] shape, int type, long offset) {}

  static GgufHead read(String file, MemorySegment bytes) {
    GgufCursor in = new GgufCursor(file, bytes);
    if (in.int32("the magic number") != MAGIC) {
      throw in.bad("is no GGUF file: it does not begin with GGUF");
    }
    int version = in.int32("the version");
    if (version != 2 && version != 3) {
      boolean big = version != 0 && (version & 0xFFFF) == 0;
      throw in.bad(
          big
              ? "is big-endian; convert it on a little-endian machine"
              : "is GGUF version %s; supported: 2, 3".formatted(Integer.toUnsignedString(version)));
    }
    long tensors = in.count("the number of tensors", MAX_TENSORS);
    long keys = in.count("the number of keys", MAX_KEYS);
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (long i = 0; i < keys; i++) {
      String key = in.text("key " + i, MAX_KEY);
      if (values.put(key, value(in, key)) != null) throw in.bad("key " + key + " is given twice");
    }
    List<Described> described = new ArrayList<>();
    for (long i = 0; i < tensors; i++) described.add(tensor(in, i));
    return new GgufHead(values, described, in.at());
  }

  private static GgufValue value(GgufCursor in, String key) {
    Kind kind = kind(in, key);
    return switch (kind) {
      case STRING -> new GgufValue.Text(in.text(key, MAX_TEXT));
      case BOOL -> new GgufValue.Flag(in.int8(key) != 0);
      case FLOAT32, FLOAT64 ->
          new GgufValue.Real(kind.read(in.slice(key, kind.bytes), 0).doubleValue());
      case ARRAY -> list(in, key);
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
          new GgufValue.Whole(kind.read(in.slice(key, kind.bytes), 0).longValue());
    };
  }

  private static GgufValue list(GgufCursor in, String key) {
    Kind kind = kind(in, key);
    if (kind == Kind.ARRAY) throw in.bad(key + " is a list of lists, which no model needs");
    long count = in.count("the length of " + key, Integer.MAX_VALUE);
    if (kind != Kind.STRING) {
      return new GgufValue.Numbers(kind, count, in.slice(key, count * kind.bytes));
    }
    // a copy of the cursor walks over the strings, so that where they end is known
    GgufCursor from = in.copy();
    long begin = in.at();
    for (long i = 0; i < count; i++) in.slice(key, in.count("the length in " + key, MAX_TEXT));
    return new GgufValue.Texts(count, from.slice(key, in.at() - begin));
  }

  private static Kind kind(GgufCursor in, String key) {
    int kind = in.int32("the type of " + key);
    if (kind < 0 || kind >= Kind.values().length) {
      throw in.bad(key + " has the unknown type " + Integer.toUnsignedString(kind));
    }
    return Kind.values()[kind];
  }

  private static Described tensor(GgufCursor in, long index) {
    String name = in.text("the name of tensor " + index, MAX_TENSOR_NAME);
    int dimensions = in.int32("tensor " + name);
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw in.bad(
          "tensor %s has %s dimensions; supported: 1 to %d"
              .formatted(name, Integer.toUnsignedString(dimensions), MAX_DIMENSIONS));
    }
    long[] shape = new long[dimensions];
    for (int i = dimensions - 1; i >= 0; i--) {
      shape[i] = in.count("a dimension of tensor " + name, 1L << 40);
      if (shape[i] == 0) throw in.bad("tensor " + name + " has a dimension of 0");
    }
    return new Described(name, shape, in.int32("tensor " + name), in.int64("tensor " + name));
  }
}
