package dev.graft.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
 * Writes safetensors files: equal input results in equal bytes, with tensors in the given order.
 * The file appears under its name only when it is complete and on disk.
 */
public final class SafetensorsWriter {
  /** The metadata of {@code safetensors.torch}; {@code transformers} refuses files without it. */
  public static final Map<String, String> PYTORCH = Map.of("format", "pt");

  private static final JsonMapper JSON = new JsonMapper();

  private SafetensorsWriter() {}

  /** Writes the tensors of a list, which may create each on access; none is retained. */
  public static void write(Path file, List<NamedTensor> tensors) {
    List<TensorInfo> layout = new ArrayList<>();
    Map<String, Integer> places = new HashMap<>();
    for (NamedTensor each : tensors) {
      places.put(each.name(), layout.size());
      layout.add(each.info());
    }
    write(
        file,
        layout,
        PYTORCH,
        info -> {
          int place = Objects.requireNonNull(places.get(info.name()));
          return tensors.get(place).data();
        });
  }

  /**
   * Writes tensors one after the other without retaining them.
   *
   * @param data returns the data of a tensor, with exactly {@link TensorInfo#bytes}
   */
  public static void write(
      Path file,
      List<TensorInfo> layout,
      Map<String, String> metadata,
      Function<TensorInfo, TensorData> data) {
    AtomicFile.write(
        file,
        out -> {
          AtomicFile.write(out, header(layout, metadata));
          for (TensorInfo info : layout) AtomicFile.write(out, info, data.apply(info));
        });
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
}
