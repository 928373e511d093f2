package dev.graft.weights.gguf;

import dev.graft.weights.checkpoint.AtomicFile;
import dev.graft.weights.tensor.TensorData;
import dev.graft.weights.tensor.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes GGUF version 3 (ggml's docs/gguf.md), little-endian: fields and tensors in the order
 * given, each tensor at a multiple of 32 bytes. Equal inputs give equal bytes.
 */
final class GgufWriter {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;

  /** Numbers of the types of values. */
  private static final int UINT32 = 4;

  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private GgufWriter() {}

  /**
   * Writes a file, whole or not at all.
   *
   * @param layout tensors of type F32, F16 or BF16; shapes row-major, as everywhere here
   * @param data of a tensor, asked for when its turn comes
   * @throws IllegalArgumentException for another type, or a name that is given twice
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  static void write(
      Path file,
      List<GgufField> fields,
      List<TensorInfo> layout,
      Function<TensorInfo, TensorData> data) {
    ByteBuffer head = new GgufWriter().head(fields, layout);
    AtomicFile.write(
        file,
        out -> {
          AtomicFile.write(out, head);
          for (TensorInfo info : layout) {
            AtomicFile.write(out, info, data.apply(info));
            AtomicFile.write(out, ByteBuffer.allocate((int) (padded(info.bytes()) - info.bytes())));
          }
        });
  }

  private ByteBuffer head(List<GgufField> fields, List<TensorInfo> layout) {
    int32(MAGIC);
    int32(VERSION);
    int64(layout.size());
    int64(fields.size());
    fields.forEach(this::field);
    Set<String> names = new HashSet<>();
    long at = 0;
    for (TensorInfo info : layout) {
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
        int32(ARRAY);
        int32(STRING);
        int64(values.size());
        values.forEach(this::string);
      }
      case GgufField.Unsigned(_, int value) -> number(UINT32, value);
      case GgufField.Signed(_, int value) -> number(INT32, value);
      case GgufField.Real(_, float value) -> number(FLOAT32, Float.floatToRawIntBits(value));
    }
  }

  private void number(int type, int bits) {
    int32(type);
    int32(bits);
  }

  /** ggml has the fastest dimension first. */
  private void tensor(TensorInfo info, long offset) {
    string(info.name());
    long[] shape = info.shape();
    int32(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) int64(shape[i]);
    int32(type(info));
    int64(offset);
  }

  /** ggml's numbers of the types of elements. */
  private static int type(TensorInfo info) {
    return switch (info.dtype()) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 30;
      case F64, I64, I32, I8, U8, BOOL ->
          throw new IllegalArgumentException(
              "tensor %s is %s, not F32, F16 or BF16".formatted(info.name(), info.dtype()));
    };
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
}
