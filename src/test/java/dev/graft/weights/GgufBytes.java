package dev.graft.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A GGUF file, field by field and byte by byte, right or wrong: nothing is checked. */
public final class GgufBytes {
  private static final int ALIGNMENT = 32;

  private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
  private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private long keyCount;
  private long tensorCount;
  private int version = 3;

  public GgufBytes version(int number) {
    version = number;
    return this;
  }

  public GgufBytes text(String key, String value) {
    key(key, 8);
    string(keys, value);
    return this;
  }

  public GgufBytes uint32(String key, int value) {
    key(key, 4);
    int32(keys, value);
    return this;
  }

  public GgufBytes float32(String key, float value) {
    key(key, 6);
    int32(keys, Float.floatToRawIntBits(value));
    return this;
  }

  public GgufBytes flag(String key, boolean value) {
    key(key, 7);
    keys.write(value ? 1 : 0);
    return this;
  }

  public GgufBytes texts(String key, List<String> values) {
    list(key, 8, values.size());
    values.forEach(each -> string(keys, each));
    return this;
  }

  public GgufBytes int32s(String key, int... values) {
    list(key, 5, values.length);
    for (int each : values) int32(keys, each);
    return this;
  }

  public GgufBytes float32s(String key, float... values) {
    list(key, 6, values.length);
    for (float each : values) int32(keys, Float.floatToRawIntBits(each));
    return this;
  }

  /** A list whose elements are not there. */
  public GgufBytes list(String key, int type, long count) {
    key(key, 9);
    int32(keys, type);
    int64(keys, count);
    return this;
  }

  /** A key whose value is not there. */
  public GgufBytes key(String key, int type) {
    keyCount++;
    string(keys, key);
    int32(keys, type);
    return this;
  }

  public GgufBytes raw(long value) {
    int64(keys, value);
    return this;
  }

  /**
   * @param type ggml's number
   * @param shape row-major
   */
  public GgufBytes tensor(String name, int type, byte[] bytes, long... shape) {
    described(name, type, data.size(), shape);
    data.writeBytes(bytes);
    while (data.size() % ALIGNMENT != 0) data.write(0);
    return this;
  }

  /** A tensor whose bytes are not there. */
  public GgufBytes described(String name, int type, long offset, long... shape) {
    tensorCount++;
    string(tensors, name);
    int32(tensors, shape.length);
    for (int i = shape.length - 1; i >= 0; i--) int64(tensors, shape[i]);
    int32(tensors, type);
    int64(tensors, offset);
    return this;
  }

  /** Bytes before the numbers of the tensors. */
  public int head() {
    return 24 + keys.size() + tensors.size();
  }

  public byte[] bytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int32(all, 0x46554747);
    int32(all, version);
    int64(all, tensorCount);
    int64(all, keyCount);
    all.writeBytes(keys.toByteArray());
    all.writeBytes(tensors.toByteArray());
    while (all.size() % ALIGNMENT != 0) all.write(0);
    all.writeBytes(data.toByteArray());
    return all.toByteArray();
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int64(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void int32(ByteArrayOutputStream out, int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private static void int64(ByteArrayOutputStream out, long value) {
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
