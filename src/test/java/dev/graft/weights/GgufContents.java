package dev.graft.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A GGUF file as a program reads it that knows nothing of the writer.
 *
 * @param fields key, type and value
 * @param tensors name, type, row-major shape and SHA-256 of the bytes
 */
public record GgufContents(List<List<Object>> fields, List<String> tensors) {
  private static final int ALIGNMENT = 32;

  private record Entry(String name, long[] shape, int type, long offset) {}

  public static GgufContents read(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[4];
    in.get(magic);
    require(new String(magic, StandardCharsets.US_ASCII).equals("GGUF"), "magic");
    require(in.getInt() == 3, "version");
    long tensors = in.getLong();
    long count = in.getLong();
    List<List<Object>> fields = new ArrayList<>();
    for (long i = 0; i < count; i++) fields.add(field(in));
    List<Entry> entries = new ArrayList<>();
    for (long i = 0; i < tensors; i++) entries.add(entry(in));
    int data = Math.ceilDiv(in.position(), ALIGNMENT) * ALIGNMENT;
    List<String> described = new ArrayList<>();
    long end = 0;
    for (Entry each : entries) {
      require(each.offset == end, each.name + " lies at " + each.offset + ", not " + end);
      int size =
          (int) (Arrays.stream(each.shape).reduce(1, Math::multiplyExact) * bytes(each.type));
      byte[] bytes = new byte[size];
      in.get((int) (data + each.offset), bytes);
      end += Math.ceilDiv(size, ALIGNMENT) * ALIGNMENT;
      described.add(
          "%s %s %s %s"
              .formatted(each.name, type(each.type), Arrays.toString(each.shape), sha256(bytes)));
    }
    require(in.limit() == data + end, "length");
    return new GgufContents(fields, described);
  }

  private static List<Object> field(ByteBuffer in) {
    String key = string(in);
    int type = in.getInt();
    return switch (type) {
      case 4 -> List.of(key, "UINT32", in.getInt());
      case 5 -> List.of(key, "INT32", in.getInt());
      case 6 -> List.of(key, "FLOAT32", in.getFloat());
      case 8 -> List.of(key, "STRING", string(in));
      case 9 -> {
        require(in.getInt() == 8, key + " is a list of texts");
        long count = in.getLong();
        List<String> texts = new ArrayList<>();
        for (long i = 0; i < count; i++) texts.add(string(in));
        yield List.of(key, "TEXTS", texts);
      }
      default -> throw new AssertionError(key + " has type " + type);
    };
  }

  private static Entry entry(ByteBuffer in) {
    String name = string(in);
    long[] shape = new long[in.getInt()];
    for (int i = shape.length - 1; i >= 0; i--) shape[i] = in.getLong();
    return new Entry(name, shape, in.getInt(), in.getLong());
  }

  private static String string(ByteBuffer in) {
    byte[] bytes = new byte[Math.toIntExact(in.getLong())];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int bytes(int type) {
    return type == 0 ? 4 : 2;
  }

  private static String type(int type) {
    return switch (type) {
      case 0 -> "F32";
      case 1 -> "F16";
      case 30 -> "BF16";
      default -> throw new AssertionError("type " + type);
    };
  }

  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static void require(boolean so, String what) {
    if (!so) throw new AssertionError(what);
  }
}
