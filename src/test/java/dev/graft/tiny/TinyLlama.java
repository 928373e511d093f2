package dev.graft.tiny;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A whole base model for tests of the whole way: a Llama of two layers with random weights, a
 * tokenizer of single bytes and a chat template. It knows nothing, and learns a sentence in
 * seconds.
 */
public final class TinyLlama {
  private static final List<String> FILES =
      List.of("config.json", "tokenizer.json", "tokenizer_config.json");

  private TinyLlama() {}

  /** Writes the model's directory; equal seeds give equal bytes. */
  public static Path write(Path directory, long seed) throws IOException {
    Files.createDirectories(directory);
    for (String name : FILES) {
      try (InputStream in = TinyLlama.class.getResourceAsStream(name)) {
        Files.copy(java.util.Objects.requireNonNull(in, name), directory.resolve(name));
      }
    }
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      SafetensorsWriter.write(
          directory.resolve("model.safetensors"), weights(model.config().parameters(), seed));
    }
    return directory;
  }

  static List<NamedTensor> weights(List<ModelConfig.Parameter> parameters, long seed) {
    Random random = new Random(seed);
    List<NamedTensor> tensors = new ArrayList<>();
    for (ModelConfig.Parameter parameter : parameters) {
      boolean norm = parameter.name().matches(".*(norm|LayerNorm).weight");
      long count = java.util.Arrays.stream(parameter.shape()).reduce(1, Math::multiplyExact);
      ByteBuffer data =
          ByteBuffer.allocate(Math.toIntExact(4 * count)).order(ByteOrder.LITTLE_ENDIAN);
      while (data.hasRemaining()) {
        data.putFloat(norm ? 1f : (float) (0.05 * random.nextGaussian()));
      }
      tensors.add(new NamedTensor(parameter.name(), Dtype.F32, parameter.shape(), data.flip()));
    }
    return tensors;
  }
}
