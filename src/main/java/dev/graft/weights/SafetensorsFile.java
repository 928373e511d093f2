package dev.graft.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, memory-mapped and checked before anything is read from it. Files of any size;
 * nothing is copied. Closing invalidates every tensor handed out.
 */
public final class SafetensorsFile implements AutoCloseable {
  /** The limit of the reference implementation. */
  private static final long MAX_HEADER = 100_000_000;

  private final Arena arena;
  private final MemorySegment data;
  private final SafetensorsHeader header;

  private SafetensorsFile(Arena arena, MemorySegment data, SafetensorsHeader header) {
    this.arena = arena;
    this.data = data;
    this.header = header;
  }

  /**
   * @throws BadModel if the file cannot be read or breaks a rule of the format
   */
  @SuppressWarnings("MustBeClosed") // the arena is closed by close(), or below on a failure
  public static SafetensorsFile open(Path file) {
    String name = file.getFileName().toString();
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) throw new BadModel(name + " is truncated: " + size + " bytes, no header");
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long length = all.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
      if (length < 0 || length > MAX_HEADER) {
        throw new BadModel(
            "%s: header of %s bytes is more than the allowed %d; not a safetensors file?"
                .formatted(name, Long.toUnsignedString(length), MAX_HEADER));
      }
      if (length > size - 8) {
        throw new BadModel(
            "%s is truncated: a header of %d bytes in a file of %d".formatted(name, length, size));
      }
      byte[] json = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
      SafetensorsHeader header = SafetensorsHeader.parse(name, json, size - 8 - length);
      return new SafetensorsFile(arena, all.asSlice(8 + length), header);
    } catch (IOException e) {
      arena.close();
      throw new BadModel(name + " cannot be read", e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Names in the order of the header. */
  public List<String> names() {
    return List.copyOf(header.tensors().keySet());
  }

  public @Nullable MappedTensor find(String name) {
    SafetensorsHeader.Entry entry = header.tensors().get(name);
    return entry == null ? null : mapped(entry);
  }

  private MappedTensor mapped(SafetensorsHeader.Entry entry) {
    return new MappedTensor(entry.info(), data.asSlice(entry.begin(), entry.end() - entry.begin()));
  }

  /** All tensors in the order of the header. */
  public List<MappedTensor> tensors() {
    return header.tensors().values().stream().map(this::mapped).toList();
  }

  public Map<String, String> metadata() {
    return Map.copyOf(header.metadata());
  }

  @Override
  public void close() {
    arena.close();
  }
}
