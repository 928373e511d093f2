package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.text.Tokenizer;
import dev.graft.tiny.TinyGguf;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.gguf.ModelGguf.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models as GGUF files, read back by {@link GgufModel}. */
class ModelGgufTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");

  /** Fewer tokens than any of the models has. */
  private static final String TOKENIZER =
      """
      {"version": "1.0", "added_tokens": [{"id": 0, "content": "<|end|>", "special": true}],
       "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
       "post_processor": %s, "decoder": {"type": "ByteLevel"},
       "model": {"type": "BPE", "vocab": {"<|end|>": 0, "a": 1, "b": 2, "ab": 3}, "merges": [["a", "b"]]}}
      """;

  @TempDir private Path directory;

  private Path written(Path model, Numbers type) throws IOException {
    Path out = Files.createDirectory(directory.resolve("out"));
    Path file = directory.resolve("model.gguf");
    try (ModelDirectory base = ModelDirectory.open(model)) {
      ModelGguf gguf = ModelGguf.of(base, "a model", type);
      gguf.check(directory.resolve("head.gguf"));
      gguf.write(file, each -> base.weights().require(each.name(), each.shape()).data(Dtype.F32));
      assertThat(Files.size(file)).isEqualTo(Files.size(directory.resolve("head.gguf")));
      assertThat(Files.size(file)).isBetween(gguf.bytes(), gguf.bytes() + 20_000);
    }
    GgufModel.write(file, out);
    return out;
  }

  @Test
  void aFileOfF16IsReadAsTheModelAndTheTokenizerThatItWasMadeOf() throws IOException {
    Path original = TinyLlama.write(directory.resolve("original"), 1);
    Path out = written(original, Numbers.F16);
    assertThat(written(original, out, Dtype.F16)).isPositive();
    String text = "Hi <|end|> caf\u00e9 12\n\n<|user|>x";
    try (Tokenizer before = Tokenizer.load(original);
        Tokenizer after = Tokenizer.load(out)) {
      assertThat(after.ids(text)).containsExactly(before.ids(text));
      assertThat(after.eosToken()).isEqualTo("<|end|>");
      assertThat(after.addsBos()).isFalse();
      assertThat(out.resolve("chat_template.jinja")).content().contains("add_generation_prompt");
    }
  }

  /** Every weight is the original's, matrices rounded to that type; how many there are. */
  private static int written(Path original, Path out, Dtype matrices) {
    try (SafetensorsFile before = SafetensorsFile.open(original.resolve("model.safetensors"));
        ModelDirectory config = ModelDirectory.open(out);
        SafetensorsFile after = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      config.check();
      for (MappedTensor each : before.tensors()) {
        float[] expected = each.toFloats();
        for (int i = 0; each.shape().length > 1 && i < expected.length; i++) {
          expected[i] = matrices.round(expected[i]);
        }
        assertThat(Objects.requireNonNull(after.find(each.name())).toFloats())
            .as(each.name())
            .usingComparatorWithPrecision(2e-7f) // norms of Gemma are written with 1 added
            .containsExactly(expected);
      }
      return before.tensors().size();
    }
  }

  @Test
  void blocksAreThoseOfLlamaCpp() throws IOException {
    Path original = TinyLlama.write(directory.resolve("original"), 1);
    Path out = written(original, Numbers.Q8_0);
    Path other = Files.createDirectory(directory.resolve("other"));
    GgufModel.write(TinyGguf.write(directory.resolve("tiny.gguf"), original, true), other);
    assertThat(out.resolve("model.safetensors"))
        .hasSameBinaryContentAs(other.resolve("model.safetensors"));
  }

  /** Llama 3's slowed rotations, biases, a table for input and output. */
  @ParameterizedTest
  @CsvSource({
    "qwen2, x, x",
    "llama-tied, x, x",
    "llama31-v4, original_max_position_embeddings\": 64, original_max_position_embeddings\": 8192"
  })
  void whatAFamilyHasOfItsOwnComesBack(String name, String setting, String other)
      throws IOException {
    Path original = copy(MODELS.resolve(name), TOKENIZER.formatted("null"));
    Path config = original.resolve("config.json");
    String slow =
        Files.readString(config).replace("\"rope_theta\": 10000.0", "\"rope_theta\": 500000.0");
    Files.writeString(config, slow.replace(setting, other));
    assertThat(written(original, written(original, Numbers.F16), Dtype.F16)).isPositive();
  }

  /** All layers have windows, and the rotation that llama.cpp knows of these. */
  @Test
  void gemmasNormsComeBack() throws IOException {
    Path original = copy(MODELS.resolve("gemma3"), TOKENIZER.formatted("null"));
    Path config = original.resolve("config.json");
    String text =
        Files.readString(config).replace("\"full_attention\"\n", "\"sliding_attention\"\n");
    Files.writeString(
        config,
        text.replace("\"rope_theta\": 1000.0", "\"rope_theta\": 10000.0")
            .replace("\"query_pre_attn_scalar\": 12", "\"query_pre_attn_scalar\": 16"));
    assertThat(written(original, written(original, Numbers.F16), Dtype.F16)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma3", "llama31-v4"})
  void aRotationThatLlamaCppDoesNotKnowIsRefused(String name) throws IOException {
    refused(copy(MODELS.resolve(name), TOKENIZER.formatted("null")), "");
  }

  private Path copy(Path model, String tokenizer) throws IOException {
    Path copy = Files.createDirectory(directory.resolve("copy"));
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(model.resolve(file), copy.resolve(file));
    }
    Files.writeString(copy.resolve("tokenizer.json"), tokenizer);
    return copy;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"model_type\": \"llama\"    | \"model_type\": \"phi3\"          | config.json",
        "\"mlp_bias\": false          | \"mlp_bias\": true                | llama.cpp would"
            + " compute",
        "\"rope_theta\": 10000.0      | \"rope_theta\": 10000.0, \"rope_scaling\": {\"rope_type\":"
            + " \"dynamic\", \"factor\": 2.0} | rope_type",
        "\"vocab_size\": 261          | \"vocab_size\": 200               | is not below the vocab_size of config.json, 200",
      })
  void whatAFileCannotSayIsRefused(String setting, String other, String why) throws IOException {
    Path model = TinyLlama.write(directory.resolve("original"), 1);
    Path config = model.resolve("config.json");
    String before = Files.readString(config);
    Files.writeString(config, before.replace(setting, other));
    assertThat(Files.readString(config)).isNotEqualTo(before);
    refused(model, why);
  }

  @Test
  void aTokenizerThatAFileCannotSayIsRefused() throws IOException {
    Path model = copy(MODELS.resolve("llama-tied"), TOKENIZER.formatted("{\"type\": \"Roberta\"}"));
    refused(model, "post_processor (Roberta)");
    Path tokenizer = model.resolve("tokenizer.json");
    String plain = TOKENIZER.formatted("null");
    Files.writeString(tokenizer, plain.replace("\"BPE\"", "\"Unigram\""));
    refused(model, "model.type is 'Unigram'");
    Files.writeString(
        tokenizer,
        plain.replace("{\"type\": \"ByteLevel\", \"add_prefix", "{\"type\": \"Whitespace\", \"x"));
    refused(model, "splits texts in a way that llama.cpp does not support; supported: ");
    Files.writeString(
        tokenizer,
        plain.replace("\"normalizer\": null", "\"normalizer\": {\"type\": \"Lowercase\"}"));
    refused(model, "splits texts in a way");
  }

  private void refused(Path model, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(
            () -> {
              try (ModelDirectory base = ModelDirectory.open(model)) {
                ModelGguf.of(base, "a model", Numbers.F16).check(directory.resolve("head.gguf"));
              }
            })
        .withMessageContaining(why);
  }

  @Test
  void aNumberThatF16CannotHoldIsRefusedBeforeItIsInfinite() throws IOException {
    Path model = TinyLlama.write(directory.resolve("original"), 1);
    try (ModelDirectory base = ModelDirectory.open(model)) {
      ModelGguf gguf = ModelGguf.of(base, "a model", Numbers.F16);
      assertThatExceptionOfType(BadModel.class)
          .isThrownBy(
              () ->
                  gguf.write(
                      directory.resolve("model.gguf"),
                      each ->
                          new GgufModel.Shifted(
                              base.weights().require(each.name(), each.shape()).data(Dtype.F32),
                              70_000)))
          .withMessageContaining("contains a number outside of the range of F16");
      assertThat(directory.resolve("model.gguf")).doesNotExist();
    }
  }
}
