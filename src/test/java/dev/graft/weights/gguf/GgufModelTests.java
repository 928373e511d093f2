package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.text.Tokenizer;
import dev.graft.tiny.TinyGguf;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.BadModel;
import dev.graft.weights.GgufBytes;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufModelTests {
  @TempDir private Path directory;
  private Path original;
  private Path out;

  @BeforeEach
  void write() throws IOException {
    original = TinyLlama.write(directory.resolve("original"), 1);
    out = Files.createDirectory(directory.resolve("out"));
  }

  @Test
  void aFileOfPlainNumbersIsTheModelItWasMadeOf() throws IOException {
    Path file = TinyGguf.write(directory.resolve("tiny.gguf"), original, false);
    assertThat(GgufModel.write(file, out).quantised()).isNull();
    try (ModelDirectory before = ModelDirectory.open(original);
        ModelDirectory after = ModelDirectory.open(out);
        SafetensorsFile weights = SafetensorsFile.open(original.resolve("model.safetensors"));
        SafetensorsFile written = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      assertThat(after.config()).isEqualTo(before.config());
      assertThat(after.check()).isEqualTo(before.check());
      for (MappedTensor each : weights.tensors()) {
        assertThat(Objects.requireNonNull(written.find(each.name())).toFloats())
            .as(each.name())
            .containsExactly(each.toFloats());
      }
    }
    assertThat(out.resolve("README.md")).content().contains("license: mit", "were not quantised");
    sameTokens("Hi <|end|> caf\u00e9 12\n\n<|user|>x");
  }

  private void sameTokens(String text) {
    try (Tokenizer before = Tokenizer.load(original);
        Tokenizer after = Tokenizer.load(out)) {
      assertThat(after.ids(text)).containsExactly(before.ids(text));
      assertThat(after.decode(after.ids(text))).isEqualTo(text);
      assertThat(after.eosToken()).isEqualTo("<|end|>");
      assertThat(after.chatTemplate(Tokenizer.PINNED_DATE)).isNotNull();
    }
  }

  @Test
  void quantisedWeightsAreWhatTheirBlocksSay() throws IOException {
    Path file = TinyGguf.write(directory.resolve("tiny.gguf"), original, true);
    assertThat(GgufModel.write(file, out).quantised()).isEqualTo("Q8_0");
    try (SafetensorsFile weights = SafetensorsFile.open(original.resolve("model.safetensors"));
        SafetensorsFile written = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      for (MappedTensor each : weights.tensors()) {
        float[] numbers = Objects.requireNonNull(written.find(each.name())).toFloats();
        for (int i = 0; i < numbers.length; i++) {
          assertThat(numbers[i]).as(each.name()).isCloseTo(each.toFloats()[i], within(2e-3f));
        }
      }
    }
    assertThat(out.resolve("README.md"))
        .content()
        .contains("dequantised from Q8_0: training starts from rounded weights");
    Path again = Files.createDirectory(directory.resolve("again"));
    GgufModel.write(file, again);
    assertThat(again.resolve("model.safetensors"))
        .hasSameBinaryContentAs(out.resolve("model.safetensors"));
  }

  @Test
  void whatIsNotKnownIsRefusedAndNeverGuessed() throws IOException {
    refused("general.architecture", "llama", "mamba", "is 'mamba'; supported: llama, qwen2, qwen3");
    refused("tokenizer.ggml.pre", "gpt-2", "gpt-9", "is 'gpt-9'; supported: dbrx, deepseek-r1");
    refused("tokenizer.ggml.model", "gpt2", "bert", "is 'bert'; supported: gpt2, llama");
    refused("blk.1.ffn_up.weight", "ffn_up", "ffn_uq", "blk.1.ffn_up.weight is missing");
    Path more = directory.resolve("more.gguf");
    GgufBytes extra = TinyGguf.of(original, false).tensor("blk.0.lora", 0, new byte[4], 1);
    Files.write(more, extra.bytes());
    bad(more, "tensor blk.0.lora is unknown in a model of architecture llama");
    Files.write(more, TinyGguf.of(original, false).uint32("split.count", 3).bytes());
    bad(more, "indicates one of 3 parts; join them with llama-gguf-split --merge");
    Files.write(more, TinyGguf.of(original, false).uint32("llama.expert_count", 8).bytes());
    bad(more, "a mixture of experts");
    Files.write(more, TinyGguf.of(original, false).text("general.type", "adapter").bytes());
    bad(more, "is 'adapter'; must be model");
  }

  /** One string of the file replaced by another of the same length. */
  private void refused(String after, String from, String to, String why) throws IOException {
    byte[] bytes = TinyGguf.of(original, false).bytes();
    String all = new String(bytes, StandardCharsets.ISO_8859_1);
    int at = all.indexOf(from, all.indexOf(after) + (after.contains(from) ? 0 : after.length()));
    byte[] other = to.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(other, 0, bytes, at, other.length);
    bad(Files.write(directory.resolve("other.gguf"), bytes), why);
  }

  /** Whatever is changed in a file, it is a model or refused, and no other failure. */
  @Test
  void aDamagedFileIsAModelOrABadOne() throws IOException {
    GgufBytes whole = TinyGguf.of(original, true);
    byte[] bytes = whole.bytes();
    Random random = new Random(11);
    Path file = directory.resolve("damaged.gguf");
    int bad = 0;
    for (int i = 0; i < 500; i++) {
      byte[] damaged = bytes.clone();
      int at = random.nextInt(whole.head());
      int length = Math.min(1 + random.nextInt(8), damaged.length - at);
      switch (random.nextInt(4)) {
        case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> Arrays.fill(damaged, at, at + length, (byte) 0xFF);
        case 2 -> {
          for (int k = at; k < at + length; k++) damaged[k] = (byte) random.nextInt();
        }
        default ->
            System.arraycopy(damaged, at + length, damaged, at, damaged.length - at - length);
      }
      Files.write(file, random.nextInt(9) == 0 ? Arrays.copyOf(damaged, at) : damaged);
      try {
        GgufModel.write(file, out);
      } catch (BadModel expected) {
        assertThat(expected).message().isNotBlank().hasSizeLessThan(1000);
        bad++;
      }
    }
    assertThat(bad).isBetween(100, 499);
  }

  private void bad(Path file, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(() -> GgufModel.write(file, out))
        .withMessageContaining(why);
  }
}
