package dev.graft.tiny;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A Gemma 3 of one small layer whose token table is as large as it is asked to be: {@link
 * TinyLlama}'s tokens are its first. No array holds the table.
 */
public final class LargeTable {
  private static final String CONFIG =
      """
      {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "vocab_size": %d,
       "hidden_size": %d, "intermediate_size": 64, "num_hidden_layers": 1,
       "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
       "hidden_activation": "gelu_pytorch_tanh", "layer_types": ["full_attention"],
       "max_position_embeddings": 256, "query_pre_attn_scalar": 16, "rms_norm_eps": 1e-06,
       "rope_theta": 10000.0, "rope_local_base_freq": 10000.0, "sliding_window": 128,
       "tie_word_embeddings": %b, "bos_token_id": null, "eos_token_id": 4, "pad_token_id": 0}
      """;

  private LargeTable() {}

  /**
   * Writes the model's directory, its table (tokens, width) in f32.
   *
   * @param tied whether it makes the logits, too; else another of its size does
   */
  public static Path write(Path directory, int tokens, int width, boolean tied) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("config.json"), CONFIG.formatted(tokens, width, tied));
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      try (InputStream in = TinyLlama.class.getResourceAsStream(name)) {
        Files.copy(Objects.requireNonNull(in, name), directory.resolve(name));
      }
    }
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      List<TensorInfo> layout =
          model.config().parameters().stream()
              .map(each -> new TensorInfo(each.name(), Dtype.F32, each.shape()))
              .toList();
      Path weights = directory.resolve("model.safetensors");
      SafetensorsWriter.write(weights, layout, SafetensorsWriter.PYTORCH, Numbers::new);
    }
    return directory;
  }

  /** Within 0.05 of zero, and different from each other near by; norms begin at zero here. */
  private record Numbers(TensorInfo info) implements TensorData {
    @Override
    public long byteSize() {
      return info.bytes();
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      boolean norm = info.name().contains("norm");
      for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
        long mixed = ((from + at) / Float.BYTES + 1) * 0x9E3779B97F4A7C15L;
        float number = norm ? 0 : (float) ((mixed >> 40) * (0.05 / (1 << 23)));
        into.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, number);
      }
    }
  }
}
