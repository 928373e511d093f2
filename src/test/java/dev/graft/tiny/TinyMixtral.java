package dev.graft.tiny;

import dev.graft.weights.Dtype;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The directory of a mixture of experts as far as a server looks at it: the tokenizer of {@link
 * TinyLlama}, a configuration, the token table and the weight of one router.
 */
public final class TinyMixtral {
  public static final String CONFIG =
      """
      {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": 261,
       "hidden_size": 32, "num_local_experts": 4, "max_position_embeddings": 256}
      """;

  private TinyMixtral() {}

  public static Path write(Path directory) throws IOException {
    TinyLlama.write(directory, 1);
    Files.writeString(directory.resolve("config.json"), CONFIG);
    weights(directory, Dtype.BF16);
    return directory;
  }

  /** Zeros of two bytes an element. */
  public static void weights(Path directory, Dtype router) {
    SafetensorsWriter.write(
        directory.resolve("model.safetensors"),
        List.of(
            zeros("model.embed_tokens.weight", Dtype.BF16, 2, 261, 32),
            zeros(
                "model.layers.0.block_sparse_moe.gate.weight",
                router,
                router == Dtype.I8 ? 1 : 2,
                4,
                32)));
  }

  private static NamedTensor zeros(String name, Dtype dtype, int size, long... shape) {
    ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(size * shape[0] * shape[1]));
    return new NamedTensor(name, dtype, shape, data);
  }
}
