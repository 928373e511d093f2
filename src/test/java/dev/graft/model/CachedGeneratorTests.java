package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Precision;
import dev.graft.spec.Targets;
import dev.graft.training.WrittenResults;
import dev.graft.weights.Dtype;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

@Concurrent
class CachedGeneratorTests {
  private static final int[] PROMPT = {3, 1, 4, 1, 5};

  @TempDir Path temp;
  private Path base;
  private Generator generator;

  @BeforeEach
  void load() throws IOException {
    ObjectNode config = TinyModels.config();
    config.put("max_position_embeddings", 200).put("vocab_size", 61);
    config.put("tie_word_embeddings", false);
    base = TinyModels.write(temp.resolve("base"), config);
    generator = Generators.load(base, 1);
  }

  @AfterEach
  void close() {
    generator.close();
  }

  @Test
  void theCacheChangesNothing() {
    Random random = new Random(5);
    Set<Integer> seen = new HashSet<>();
    for (int length : new int[] {1, 2, 30, 63, 64, 65, 130}) {
      int[] prompt = random.ints(length, 0, 61).toArray();
      for (int made = 0; made < 20; made++) {
        int next = Greedy.continued(generator, prompt, 1)[0];
        prompt = IntStream.concat(Arrays.stream(prompt), IntStream.of(next)).toArray();
        seen.add(next);
      }
      int[] start = Arrays.copyOf(prompt, length);
      assertThat(Greedy.continued(generator, start, 20))
          .containsExactly(Arrays.copyOfRange(prompt, length, length + 20));
    }
    assertThat(seen).hasSizeGreaterThan(10);
  }

  /** Keys and values are in bf16, too. */
  @Test
  void aBaseInBf16AnswersAsInF32UpToRounding() {
    var execution = new Execution(Execution.CPU, Precision.BF16, ComputePlan.KEEP, 1);
    try (Generator half = Generators.load(base, null, null, execution);
        Generator.Text text = half.read(PROMPT);
        Generator.Text wide = generator.read(PROMPT)) {
      for (int next : new int[] {9, 2, 6}) {
        assertThat(text.logits()).containsExactly(wide.logits(), within(0.2f));
        assertThat(text.logits()).isNotEqualTo(wide.logits());
        text.append(next);
        wide.append(next);
      }
    }
  }

  @Test
  void anotherAnswerBeginsAgainAtTheEndOfThePrompt() {
    int[] first = generate(30);
    try (Generator.Text text = generator.read(PROMPT)) {
      assertThat(Greedy.continued(text, 30)).containsExactly(first);
      text.rewind();
      text.append((first[0] + 1) % 61);
      assertThat(Greedy.continued(text, 70)).isNotEqualTo(first);
      text.rewind();
      assertThat(Greedy.continued(text, 30)).containsExactly(first);
    }
  }

  /** Whether a token is told of changes nothing in what is told of the others. */
  @Test
  void theLogitsOfTheLastTokensAreThoseOfAll() {
    int[] prompt = new Random(6).ints(100, 0, 61).toArray();
    List<float[]> all = new ArrayList<>();
    generator.read(prompt, 1, (position, logits) -> all.add(logits)).close();
    assertThat(all).hasSize(99);
    for (int first : new int[] {2, 40, 99}) {
      List<float[]> last = new ArrayList<>();
      try (Generator.Text text =
          generator.read(
              prompt,
              first,
              (position, logits) -> {
                assertThat(position).isEqualTo(first + last.size());
                last.add(logits);
              })) {
        assertThat(text.logits()).hasSize(61);
      }
      assertThat(last).hasSize(100 - first);
      for (int i = 0; i < last.size(); i++) {
        assertThat(last.get(i)).containsExactly(all.get(first - 1 + i), within(1e-4f));
      }
    }
  }

  @Test
  void promptsThatCannotBeRunAreRefused() {
    assertThatThrownBy(() -> generator.read(new int[] {}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> generator.read(new int[] {61}))
        .hasMessage("token id 61 is outside the vocabulary of 61");
    assertThatThrownBy(() -> generator.read(new int[201]))
        .hasMessage("the prompt has 201 tokens, but the model's context is 200");
  }

  @Test
  void anAdapterIsTheSumOfBaseAndProduct() throws IOException {
    TargetModules targets =
        new TargetModules.Names(List.of("q_proj", "model.layers.1.mlp.down_proj", "o_proj"));
    Path adapter = adapter("adapter", targets, 5);
    Path merged = merge(adapter, targets, 5);
    generator.adapter(adapter);
    int[] with = generate(40);
    try (Generator plain = Generators.load(merged, 1)) {
      assertThat(with).containsExactly(Greedy.continued(plain, PROMPT, 40));
    }
  }

  @Test
  void adaptersAlternateOnOneBase() throws IOException {
    Path one = adapter("one", new TargetModules.AllLinear(), 1);
    Path two = adapter("two", new TargetModules.Names(List.of("v_proj")), 2);
    int[] bare = generate(20);
    generator.adapter(one);
    int[] withOne = generate(20);
    generator.adapter(two);
    int[] withTwo = generate(20);
    assertThat(withOne).isNotEqualTo(bare);
    assertThat(withTwo).isNotEqualTo(bare).isNotEqualTo(withOne);
    for (int round = 0; round < 3; round++) {
      generator.adapter(one);
      assertThat(generate(20)).containsExactly(withOne);
      generator.adapter(null);
      assertThat(generate(20)).containsExactly(bare);
      generator.adapter(two);
      assertThat(generate(20)).containsExactly(withTwo);
    }
  }

  @Test
  void anAdapterThatDoesNotFitLeavesTheOneBefore() throws IOException {
    Path one = adapter("one", new TargetModules.AllLinear(), 1);
    generator.adapter(one);
    int[] before = generate(10);
    Path broken = adapter("broken", new TargetModules.AllLinear(), 2);
    Files.writeString(broken.resolve("adapter_config.json"), "{\"peft_type\": \"LOHA\"}");
    assertThatThrownBy(() -> generator.adapter(broken))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("peft_type: must be one of LORA, ");
    assertThat(generate(10)).containsExactly(before);
  }

  private int[] generate(int tokens) {
    return Greedy.continued(generator, PROMPT, tokens);
  }

  private Path adapter(String name, TargetModules targets, long seed) throws IOException {
    Path out = temp.resolve(name);
    try (ModelDirectory model = ModelDirectory.open(base)) {
      List<NamedTensor> saved =
          factors(targets, seed).stream()
              .map(each -> each.renamed("base_model.model." + each.name()))
              .toList();
      WrittenResults.write(out, model, new Lora(2, 1, 0, targets), saved);
    }
    return out;
  }

  private List<NamedTensor> factors(TargetModules targets, long seed) {
    try (ModelDirectory model = ModelDirectory.open(base)) {
      List<Parameter> shapes = new ArrayList<>();
      for (Linear each : LinearTargets.select(new Targets(targets), List.of(), model.config())) {
        shapes.add(
            new Parameter(
                each.path() + ".lora_A.weight", new long[] {2, each.inFeatures()}, Kind.LINEAR));
        shapes.add(
            new Parameter(
                each.path() + ".lora_B.weight", new long[] {each.outFeatures(), 2}, Kind.LINEAR));
      }
      return TinyModels.random(shapes, seed);
    }
  }

  /** A base whose weights already hold the product of the factors. */
  private Path merge(Path adapter, TargetModules targets, long seed) throws IOException {
    Path out = Files.createDirectories(temp.resolve("merged"));
    Files.copy(base.resolve("config.json"), out.resolve("config.json"));
    List<NamedTensor> factors = factors(targets, seed);
    try (ModelDirectory model = ModelDirectory.open(base)) {
      List<NamedTensor> tensors = new ArrayList<>();
      for (Parameter each : model.config().parameters()) {
        float[] w = model.weights().require(each.name(), each.shape()).toFloats();
        String module = each.name().replaceAll("\\.weight$", "");
        for (int i = 0; i + 1 < factors.size(); i += 2) {
          if (factors.get(i).name().equals(module + ".lora_A.weight")) {
            addProduct(w, each.shape(), floats(factors.get(i)), floats(factors.get(i + 1)));
          }
        }
        ByteBuffer data = ByteBuffer.allocate(4 * w.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(w);
        tensors.add(new NamedTensor(each.name(), Dtype.F32, each.shape(), data));
      }
      SafetensorsWriter.write(out.resolve("model.safetensors"), tensors);
    }
    return out;
  }

  /** Scale is lora_alpha 1 / r 2. */
  private static void addProduct(float[] w, long[] shape, FloatBuffer a, FloatBuffer b) {
    int in = (int) shape[1];
    for (int row = 0; row < shape[0]; row++) {
      for (int column = 0; column < in; column++) {
        float product = b.get(2 * row) * a.get(column) + b.get(2 * row + 1) * a.get(in + column);
        w[row * in + column] += product / 2;
      }
    }
  }

  private static FloatBuffer floats(NamedTensor tensor) {
    return FloatBuffer.wrap(tensor.toFloats());
  }
}
