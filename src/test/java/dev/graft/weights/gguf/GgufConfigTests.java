package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.GgufBytes;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.Rope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufConfigTests {
  private static final int WIDTH = 64;

  @TempDir private Path directory;

  @Test
  void theScalingOfLlama3IsFoundInItsFactors() throws IOException {
    Rope.Llama3 scaled = new Rope.Llama3(500_000, WIDTH, 32, 1, 4, 8192);
    DecoderConfig config = read(model("llama").tensor("rope_freqs.weight", 0, factors(scaled), 32));
    assertThat(config.layers().getFirst().rope()).isEqualTo(scaled);
    byte[] other = factors(new Rope.Linear(500_000, WIDTH, 2));
    refused(
        model("llama").tensor("rope_freqs.weight", 0, other, 32),
        "does not have the factors of Llama 3");
  }

  private static byte[] factors(Rope rope) {
    float[] plain = new Rope.Default(500_000, WIDTH).inverseFrequencies(1);
    float[] scaled = rope.inverseFrequencies(1);
    ByteBuffer bytes = ByteBuffer.allocate(4 * plain.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < plain.length; i++) bytes.putFloat(plain[i] / scaled[i]);
    return bytes.array();
  }

  @Test
  void whatTheKeysSayIsTheConfiguration() throws IOException {
    GgufBytes yarn =
        model("qwen3")
            .text("qwen3.rope.scaling.type", "yarn")
            .float32("qwen3.rope.scaling.factor", 4)
            .uint32("qwen3.rope.scaling.original_context_length", 512)
            .uint32("tokenizer.ggml.eos_token_id", 1)
            .uint32("tokenizer.ggml.eot_token_id", 2);
    DecoderConfig qwen = read(yarn);
    assertThat(qwen.modelType()).isEqualTo("qwen3");
    assertThat(qwen.eosTokenIds()).containsExactly(1, 2);
    assertThat(qwen.attention().headDim()).isEqualTo(WIDTH);
    assertThat(qwen.norms().eps()).isEqualTo(1e-5);
    assertThat(qwen.tieWordEmbeddings()).isTrue();
    assertThat(qwen.layers().getFirst().rope())
        .isInstanceOfSatisfying(
            Rope.Yarn.class,
            rope -> assertThat(rope.originalMaxPositionEmbeddings()).isEqualTo(512));
    DecoderConfig mistral = read(model("llama").uint32("llama.attention.sliding_window", 77));
    assertThat(mistral.modelType()).isEqualTo("mistral");
    assertThat(mistral.layers().getFirst().window()).isEqualTo(77);
    DecoderConfig gemma = read(model("gemma2").uint32("gemma2.attention.sliding_window", 9));
    assertThat(gemma.attention().scale()).isEqualTo(Math.pow(WIDTH, -0.5));
    assertThat(gemma.attention().softcap()).isZero();
  }

  @Test
  void whatIsNotSupportedIsRefusedByItsKey() throws IOException {
    refused(
        model("llama")
            .text("llama.rope.scaling.type", "longrope")
            .float32("llama.rope.scaling.factor", 2),
        "llama.rope.scaling.type is 'longrope'; supported: none, linear, yarn");
    refused(
        model("llama").uint32("llama.rope.dimension_count", 32),
        "is 32; rotating only a part of a head");
    refused(
        model("llama").uint32("llama.attention.value_length", 32),
        "is 32, but the width of keys is");
    refused(new GgufBytes(), "general.architecture is missing");
    refused(new GgufBytes().text("general.architecture", "qwen2"), "qwen2.block_count is missing");
    refused(model("granite"), "granite.attention.scale is missing");
  }

  private static GgufBytes model(String architecture) {
    GgufBytes gguf = new GgufBytes().text("general.architecture", architecture);
    String prefix = architecture + ".";
    gguf.uint32(prefix + "block_count", 2).uint32(prefix + "context_length", 2048);
    gguf.uint32(prefix + "embedding_length", 96).uint32(prefix + "feed_forward_length", 64);
    gguf.uint32(prefix + "attention.head_count", 2).uint32(prefix + "attention.head_count_kv", 1);
    gguf.uint32(prefix + "attention.key_length", WIDTH);
    gguf.float32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
    gguf.float32(prefix + "rope.freq_base", 500_000);
    return gguf.tensor("token_embd.weight", 0, new byte[4 * 3 * 96], 3, 96);
  }

  private DecoderConfig read(GgufBytes bytes) throws IOException {
    Path file = Files.write(directory.resolve("a.gguf"), bytes.bytes());
    try (GgufFile gguf = GgufFile.open(file)) {
      String json = Json.text(new GgufConfig(gguf).json());
      return (DecoderConfig) ModelConfig.read(json.getBytes(StandardCharsets.UTF_8));
    }
  }

  private void refused(GgufBytes bytes, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(() -> read(bytes))
        .withMessageContaining(why);
  }
}
