package dev.graft.weights.gguf;

import dev.graft.weights.AtomicFile;
import dev.graft.weights.Dtype;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes little-endian GGUF files of version 3 (ggml's docs/gguf.md): fields and tensors in the
 * given order, each tensor at a multiple of 32 bytes. Equal input results in equal bytes.
 */
final class GgufWriter {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;

  // Numbers of the types of values.
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private GgufWriter() {}

  /**
   * Writes a complete file or none.
   *
   * @param data returns the data of each tensor in turn; null leaves a hole, which reads as zeros
   * @throws IllegalArgumentException if a name occurs twice
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public static void write(
      Path file,
      List<GgufField> fields,
      List<GgufLayout> layout,
      Function<GgufLayout, @Nullable TensorData> data) {
    ByteBuffer head = new GgufWriter().head(fields, layout);
    AtomicFile.write(
        file,
        out -> {
          AtomicFile.write(out, head);
          for (GgufLayout each : layout) {
            long end = out.position() + padded(each.bytes());
            TensorData numbers = data.apply(each);
            if (numbers != null) AtomicFile.write(out, each.name(), each.bytes(), numbers);
            out.position(end);
          }
          if (out.size() < out.position()) out.write(ByteBuffer.allocate(1), out.position() - 1);
        });
  }

  private ByteBuffer head(List<GgufField> fields, List<GgufLayout> layout) {
    int32(MAGIC);
    int32(VERSION);
    int64(layout.size());
    int64(fields.size());
    fields.forEach(this::field);
    Set<String> names = new HashSet<>();
    long at = 0;
    for (GgufLayout info : layout) {
      if (!names.add(info.name())) {
        throw new IllegalArgumentException("tensor " + info.name() + " is given twice");
      }
      tensor(info, at);
      at += padded(info.bytes());
    }
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(padded(head.size())));
    bytes.put(head.toByteArray());
    return bytes.rewind();
  }

  private void field(GgufField field) {
    string(field.key());
    switch (field) {
      case GgufField.Text(_, String value) -> {
        int32(STRING);
        string(value);
      }
      case GgufField.Texts(_, List<String> values) -> {
        array(STRING, values.size());
        values.forEach(this::string);
      }
      case GgufField.Unsigned(_, int value) -> number(UINT32, value);
      case GgufField.Signed(_, int value) -> number(INT32, value);
      case GgufField.Real(_, float value) -> number(FLOAT32, Float.floatToRawIntBits(value));
      case GgufField.Flag(_, boolean value) -> {
        int32(BOOL);
        head.write(value ? 1 : 0);
      }
      case GgufField.Numbers(_, int[] values) -> {
        array(INT32, values.length);
        for (int each : values) int32(each);
      }
      case GgufField.Reals(_, float[] values) -> {
        array(FLOAT32, values.length);
        for (float each : values) int32(Float.floatToRawIntBits(each));
      }
    }
  }

  private void array(int type, int size) {
    int32(ARRAY);
    int32(type);
    int64(size);
  }

  private void number(int type, int bits) {
    int32(type);
    int32(bits);
  }

  /** Writes a description; ggml has the fastest dimension first. */
  private void tensor(GgufLayout info, long offset) {
    string(info.name());
    long[] shape = info.shape();
    int32(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) int64(shape[i]);
    int32(info.type().number());
    int64(offset);
  }

  private void string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int64(bytes.length);
    head.writeBytes(bytes);
  }

  private void int32(int value) {
    head.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private void int64(long value) {
    head.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  private static long padded(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  /** A key and its value in the head of a GGUF file. */
  sealed interface GgufField {
    String key();

    record Text(String key, String value) implements GgufField {}

    record Texts(String key, List<String> values) implements GgufField {
      public Texts {
        values = List.copyOf(values);
      }
    }

    record Unsigned(String key, int value) implements GgufField {}

    record Signed(String key, int value) implements GgufField {}

    record Real(String key, float value) implements GgufField {}

    record Flag(String key, boolean value) implements GgufField {}

    /** INT32. */
    record Numbers(String key, int[] values) implements GgufField {}

    /** FLOAT32. */
    record Reals(String key, float[] values) implements GgufField {}
  }

  /** A tensor in a written file; row-major, with rows of whole blocks. */
  record GgufLayout(String name, GgmlType type, long[] shape) {
    /**
     * @throws IllegalArgumentException for another type than F32, F16 or BF16
     */
    static GgufLayout of(TensorInfo info) {
      GgmlType type =
          switch (info.dtype()) {
            case F32 -> GgmlType.F32;
            case F16 -> GgmlType.F16;
            case BF16 -> GgmlType.BF16;
            case F64, I64, I32, I8, U8, BOOL ->
                throw new IllegalArgumentException(
                    "tensor %s is %s, not F32, F16 or BF16".formatted(info.name(), info.dtype()));
          };
      return new GgufLayout(info.name(), type, info.shape());
    }

    public long bytes() {
      return type.bytes(new TensorInfo(name, Dtype.F32, shape).elements());
    }
  }
}
