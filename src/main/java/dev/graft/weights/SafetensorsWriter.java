package dev.graft.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes safetensors: equal inputs give equal bytes, tensors lie in the order given. The file
 * appears under its name only when it is whole and on disk.
 */
public final class SafetensorsWriter {
  /** What {@code safetensors.torch} writes; {@code transformers} refuses files without it. */
  public static final Map<String, String> PYTORCH = Map.of("format", "pt");

  private static final JsonMapper JSON = new JsonMapper();
  private static final int PIECE = 64 << 20;

  private SafetensorsWriter() {}

  /** Writes the tensors of a list, which may make each when it is asked for; none is held. */
  public static void write(Path file, List<NamedTensor> tensors) {
    List<TensorInfo> layout = new ArrayList<>();
    Map<String, Integer> places = new HashMap<>();
    for (NamedTensor each : tensors) {
      places.put(each.name(), layout.size());
      layout.add(new TensorInfo(each.name(), each.dtype(), each.shape()));
    }
    write(
        file,
        layout,
        PYTORCH,
        info -> {
          int place = Objects.requireNonNull(places.get(info.name()));
          return MemorySegment.ofBuffer(tensors.get(place).data().duplicate());
        });
  }

  /**
   * Writes tensors one after the other, each asked for when its turn comes and not held afterwards.
   *
   * @param data little-endian bytes of the tensor, exactly as many as its {@link TensorInfo#bytes}
   */
  public static void write(
      Path file,
      List<TensorInfo> layout,
      Map<String, String> metadata,
      Function<TensorInfo, MemorySegment> data) {
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    try {
      try (FileChannel out =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        writeFully(out, header(layout, metadata));
        for (TensorInfo info : layout) {
          MemorySegment bytes = data.apply(info);
          if (bytes.byteSize() != info.bytes()) {
            throw new IllegalArgumentException(
                "tensor %s: %d bytes given, %d expected"
                    .formatted(info.name(), bytes.byteSize(), info.bytes()));
          }
          for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            long length = Math.min(PIECE, bytes.byteSize() - at);
            writeFully(out, buffer(bytes.asSlice(at, length)));
          }
        }
        out.force(true);
      }
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file.getFileName(), e);
    } catch (RuntimeException e) {
      partial.toFile().delete(); // a tensor could not be given
      throw e;
    }
  }

  private static ByteBuffer header(List<TensorInfo> layout, Map<String, String> metadata) {
    ObjectNode header = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = header.putObject("__metadata__");
      metadata.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(each -> node.put(each.getKey(), each.getValue()));
    }
    Set<String> names = new HashSet<>();
    long at = 0;
    for (TensorInfo info : layout) {
      if (!names.add(info.name())) {
        throw new IllegalArgumentException("tensor " + info.name() + " is given twice");
      }
      ObjectNode node = header.putObject(info.name());
      node.put("dtype", info.dtype().name());
      ArrayNode shape = node.putArray("shape");
      for (long size : info.shape()) shape.add(size);
      node.putArray("data_offsets").add(at).add(at + info.bytes());
      at += info.bytes();
    }
    byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) & ~7;
    ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(padded).put(json);
    while (buffer.hasRemaining()) buffer.put((byte) ' ');
    return buffer.flip();
  }

  /** A segment over an array of other elements than bytes is no buffer by itself. */
  private static ByteBuffer buffer(MemorySegment bytes) {
    boolean copied = bytes.heapBase().isPresent() && !(bytes.heapBase().get() instanceof byte[]);
    return copied ? ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE)) : bytes.asByteBuffer();
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) out.write(bytes);
  }
}
