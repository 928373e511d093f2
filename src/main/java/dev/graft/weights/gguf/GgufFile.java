package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.TensorData;
import dev.graft.weights.gguf.GgufFile.GgufCursor;
import dev.graft.weights.gguf.GgufFile.GgufValue;
import dev.graft.weights.gguf.GgufFile.GgufValue.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A memory-mapped GGUF file of any size, whose head is checked before tensors are read. Nothing is
 * copied. Closing invalidates all tensors of the file.
 */
final class GgufFile implements AutoCloseable {
  /** Maximum bytes of keys and descriptions; the largest vocabularies take a fifth of it. */
  private static final long MAX_HEAD = 64L << 20;

  private static final String ALIGNMENT = "general.alignment";

  private final Arena arena;
  private final String name;
  private final GgufKeys keys;
  private final Map<String, GgufTensor> tensors;

  private GgufFile(Arena arena, String name, MemorySegment all) {
    this.arena = arena;
    this.name = name;
    GgufHead head = GgufHead.read(name, all.asSlice(0, Math.min(MAX_HEAD, all.byteSize())));
    this.keys = new GgufKeys(name, head.values());
    this.tensors = tensors(head, all);
  }

  /**
   * @throws BadModel if the file cannot be read or breaks a rule of the format
   */
  @SuppressWarnings("MustBeClosed") // the arena is closed by close(), or below on a failure
  static GgufFile open(Path file) {
    String name = file.getFileName().toString();
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new GgufFile(arena, name, all);
    } catch (IOException e) {
      arena.close();
      throw new BadModel(name + " cannot be read", e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private Map<String, GgufTensor> tensors(GgufHead head, MemorySegment all) {
    Integer given = keys.integer(ALIGNMENT, 1, 1 << 20);
    int alignment = given == null ? 32 : given;
    if (alignment % 8 != 0) throw keys.bad(ALIGNMENT, alignment + " is not a multiple of 8");
    long begin = Math.min(all.byteSize(), Math.ceilDiv(head.end(), alignment) * alignment);
    MemorySegment numbers = all.asSlice(begin);
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (GgufHead.Described each : head.tensors()) {
      if (each.offset() < 0 || each.offset() % alignment != 0) {
        throw bad(each, "does not begin at a multiple of the alignment, " + alignment);
      }
      if (tensors.put(each.name(), tensor(each, numbers)) != null) {
        throw bad(each, "occurs twice");
      }
    }
    return tensors;
  }

  private GgufTensor tensor(GgufHead.Described each, MemorySegment numbers) {
    GgmlType type = GgmlType.numbered(each.type());
    if (type == null) {
      throw bad(
          each, "has ggml's type " + Integer.toUnsignedString(each.type()) + GgmlType.SUPPORTED);
    }
    long columns = each.shape()[each.shape().length - 1];
    if (columns % type.elements != 0) {
      throw bad(
          each,
          "has rows of %d elements, not a multiple of the block size of %s"
              .formatted(columns, type));
    }
    long bytes = bytes(each, type);
    if (each.offset() > numbers.byteSize() || bytes > numbers.byteSize() - each.offset()) {
      throw bad(
          each,
          "has %d bytes from offset %d, but the file has only %d; it is truncated"
              .formatted(bytes, each.offset(), numbers.byteSize()));
    }
    return new GgufTensor(each.name(), type, each.shape(), numbers.asSlice(each.offset(), bytes));
  }

  private long bytes(GgufHead.Described each, GgmlType type) {
    try {
      long elements = 1;
      for (long size : each.shape()) elements = Math.multiplyExact(elements, size);
      return Math.multiplyExact(elements / type.elements, type.bytes);
    } catch (ArithmeticException e) {
      throw bad(each, "has a shape that overflows");
    }
  }

  private BadModel bad(GgufHead.Described tensor, String problem) {
    return new BadModel("%s: tensor %s %s".formatted(name, tensor.name(), problem));
  }

  /** Returns the plain file name. */
  String name() {
    return name;
  }

  GgufKeys keys() {
    return keys;
  }

  @Nullable GgufTensor find(String tensor) {
    return tensors.get(tensor);
  }

  /** Returns all tensors in the order of the file. */
  Collection<GgufTensor> tensors() {
    return tensors.values();
  }

  @Override
  public void close() {
    arena.close();
  }

  /**
   * The part of a file before the numbers.
   *
   * @param tensors descriptions of the tensors, not yet checked
   * @param end end of the head, in bytes
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
     * @param shape row-major; ggml has the fastest dimension first
     * @param type ggml's number of the type
     * @param offset offset in the numbers, in bytes
     */
    record Described(String name, long[] shape, int type, long offset) {}

    static GgufHead read(String file, MemorySegment bytes) {
      GgufCursor in = new GgufCursor(file, bytes);
      if (in.int32("the magic number") != MAGIC) {
        throw in.bad("is not a GGUF file: it does not begin with GGUF");
      }
      int version = in.int32("the version");
      if (version != 2 && version != 3) {
        boolean big = version != 0 && (version & 0xFFFF) == 0;
        throw in.bad(
            big
                ? "is big-endian; convert it on a little-endian machine"
                : "is GGUF version %s; supported: 2, 3"
                    .formatted(Integer.toUnsignedString(version)));
      }
      long tensors = in.count("the number of tensors", MAX_TENSORS);
      long keys = in.count("the number of keys", MAX_KEYS);
      Map<String, GgufValue> values = new LinkedHashMap<>();
      for (long i = 0; i < keys; i++) {
        String key = in.text("key " + i, MAX_KEY);
        if (values.put(key, value(in, key)) != null) throw in.bad("key " + key + " occurs twice");
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
      if (kind == Kind.ARRAY) throw in.bad(key + " is a list of lists, which is not supported");
      long count = in.count("the length of " + key, Integer.MAX_VALUE);
      if (kind != Kind.STRING) {
        return new GgufValue.Numbers(kind, count, in.slice(key, count * kind.bytes));
      }
      long begin = in.at();
      for (long i = 0; i < count; i++) in.slice(key, in.count("the length in " + key, MAX_TEXT));
      return new GgufValue.Texts(count, in.since(begin));
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

  /** Reads a mapped file sequentially, but not past its end. */
  static final class GgufCursor {
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

    /** Returns the bytes from an earlier position to the current one. */
    MemorySegment since(long begin) {
      return bytes.asSlice(begin, at - begin);
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

    /** Reads an unsigned number of 64 bits that must be at most {@code max}. */
    long count(String what, long max) {
      long count = int64(what);
      if (count < 0 || count > max) {
        throw bad(what + " is " + Long.toUnsignedString(count) + ", more than " + max);
      }
      return count;
    }

    /** Reads a UTF-8 string after its length. */
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

    /** Returns the start of the next {@code length} bytes and moves to their end. */
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

  /** The value of a key. Lists are read on demand. */
  sealed interface GgufValue {
    record Text(String value) implements GgufValue {}

    record Flag(boolean value) implements GgufValue {}

    record Real(double value) implements GgufValue {}

    /** Unsigned numbers beyond 2^63 are negative here, and therefore outside of every range. */
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

      final int bytes;

      Kind(int bytes) {
        this.bytes = bytes;
      }

      Number read(MemorySegment in, long at) {
        return switch (this) {
          case UINT8, BOOL -> (long) in.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
          case INT8 -> (long) in.get(ValueLayout.JAVA_BYTE, at);
          case UINT16 -> (long) in.get(TensorData.SHORT, at) & 0xFFFF;
          case INT16 -> (long) in.get(TensorData.SHORT, at);
          case UINT32 -> (long) in.get(GgufCursor.INT, at) & 0xFFFF_FFFFL;
          case INT32 -> (long) in.get(GgufCursor.INT, at);
          case UINT64, INT64 -> in.get(GgufCursor.LONG, at);
          case FLOAT32 -> (double) Float.intBitsToFloat(in.get(GgufCursor.INT, at));
          case FLOAT64 -> Double.longBitsToDouble(in.get(GgufCursor.LONG, at));
          case STRING, ARRAY -> throw new IllegalArgumentException(this + " is not a number");
        };
      }
    }
  }

  /** Reads the keys of a GGUF file with their types and ranges; an invalid one is a BadModel. */
  static final class GgufKeys {
    private static final int MAX_TEXT = 1 << 16;

    private final String file;
    private final Map<String, GgufValue> values;

    GgufKeys(String file, Map<String, GgufValue> values) {
      this.file = file;
      this.values = values;
    }

    boolean has(String key) {
      return values.containsKey(key);
    }

    String requireText(String key) {
      String text = text(key);
      if (text == null) throw bad(key, "is missing");
      return text;
    }

    @Nullable String text(String key) {
      return switch (values.get(key)) {
        case null -> null;
        case GgufValue.Text(String text) -> text;
        default -> throw bad(key, "is not a string");
      };
    }

    boolean flagOr(String key, boolean otherwise) {
      return switch (values.get(key)) {
        case null -> otherwise;
        case GgufValue.Flag(boolean flag) -> flag;
        default -> throw bad(key, "is not true or false");
      };
    }

    int requireInt(String key, int min, int max) {
      Integer number = integer(key, min, max);
      if (number == null) throw bad(key, "is missing");
      return number;
    }

    @Nullable Integer integer(String key, int min, int max) {
      return switch (values.get(key)) {
        case null -> null;
        case GgufValue.Whole(long number) when number >= min && number <= max -> (int) number;
        case GgufValue.Whole(long number) ->
            throw bad(key, "is %d, must be %d to %d".formatted(number, min, max));
        default ->
            throw bad(key, "is not an integer; a list with one for each layer is not supported");
      };
    }

    double requireReal(String key, double above, double max) {
      Double number = real(key, above, max);
      if (number == null) throw bad(key, "is missing");
      return number;
    }

    /** Returns a number in (above, max]. */
    @Nullable Double real(String key, double above, double max) {
      return switch (values.get(key)) {
        case null -> null;
        case GgufValue.Real(double number) when number > above && number <= max -> number;
        case GgufValue.Real(double number) ->
            throw bad(key, "is %s, must be above %s and at most %s".formatted(number, above, max));
        default -> throw bad(key, "is not a floating point number");
      };
    }

    /** Returns the strings of a list; null if absent. */
    @Nullable List<String> texts(String key, int max) {
      return switch (values.get(key)) {
        case null -> null;
        case GgufValue.Texts list -> {
          GgufFile.GgufCursor in = new GgufFile.GgufCursor(file, list.data());
          List<String> texts = new ArrayList<>();
          for (long i = 0; i < checked(key, list.count(), max); i++) {
            texts.add(in.text("string %d of %s".formatted(i, key), MAX_TEXT));
          }
          yield texts;
        }
        default -> throw bad(key, "is not a list of strings");
      };
    }

    /** Returns the numbers of a list; null if absent. */
    float @Nullable [] numbers(String key, int max) {
      return switch (values.get(key)) {
        case null -> null;
        case GgufValue.Numbers list -> {
          float[] numbers = new float[checked(key, list.count(), max)];
          for (int i = 0; i < numbers.length; i++) numbers[i] = list.at(i).floatValue();
          yield numbers;
        }
        default -> throw bad(key, "is not a list of numbers");
      };
    }

    private int checked(String key, long count, int max) {
      if (count > max)
        throw bad(key, "has %d entries, more than the maximum of %d".formatted(count, max));
      return (int) count;
    }

    BadModel bad(String key, String problem) {
      return new BadModel(file + ": " + key + " " + problem);
    }
  }

  /**
   * A tensor in a mapped file, usable while the file is open.
   *
   * @param shape row-major
   * @param data exactly the tensor's bytes
   */
  record GgufTensor(String name, GgmlType type, long[] shape, MemorySegment data) {
    Dtype dtype() {
      return type.dtype();
    }

    /** Returns the numbers of {@link #dtype}; blocks are dequantised when they are copied. */
    TensorData values() {
      return type.quantised() ? new GgmlType.Dequantised(type, data) : TensorData.of(data);
    }
  }
}
