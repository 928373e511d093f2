package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file, memory-mapped, whose head is checked before anything is read from it. Files of any
 * size; nothing is copied. Closing invalidates every tensor handed out.
 */
final class GgufFile implements AutoCloseable {
  /** Bytes of keys and descriptions; the largest vocabularies take a fifth of it. */
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
  public static GgufFile open(Path file) {
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
    Integer said = keys.integer(ALIGNMENT, 1, 1 << 20);
    int alignment = said == null ? 32 : said;
    if (alignment % 8 != 0) throw keys.bad(ALIGNMENT, alignment + " is no multiple of 8");
    long begin = Math.min(all.byteSize(), Math.ceilDiv(head.end(), alignment) * alignment);
    MemorySegment numbers = all.asSlice(begin);
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (GgufHead.Described each : head.tensors()) {
      if (each.offset() < 0 || each.offset() % alignment != 0) {
        throw bad(each, "begins at no multiple of the alignment, " + alignment);
      }
      if (tensors.put(each.name(), tensor(each, numbers)) != null)
        throw bad(each, "is given twice");
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
      throw bad(each, "has rows of %d, no multiple of the block of %s".formatted(columns, type));
    }
    long bytes = bytes(each, type);
    if (each.offset() > numbers.byteSize() || bytes > numbers.byteSize() - each.offset()) {
      throw bad(
          each,
          "has %d bytes from %d, but there are only %d; the file is truncated"
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

  /** Its plain file name. */
  public String name() {
    return name;
  }

  public GgufKeys keys() {
    return keys;
  }

  public @Nullable GgufTensor find(String tensor) {
    return tensors.get(tensor);
  }

  /** All tensors in the order of the file. */
  public Collection<GgufTensor> tensors() {
    return tensors.values();
  }

  @Override
  public void close() {
    arena.close();
  }
}
