package dev.graft.client;

import dev.graft.client.SampleData.Attribute;
import dev.graft.client.SampleData.ChatRow;
import dev.graft.client.SampleData.Fact;
import dev.graft.weights.Dtype;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes all that {@code graft train} needs to make the demo model, from seeds alone: text,
 * tokenizer, initial weights and the spec. {@code demo/build-base-model} runs the whole of it and
 * is the only user.
 */
@Command(
    name = "demo-model",
    hidden = true,
    description = "Write the inputs for pre-training the demo base model.")
public final class DemoModelCommand implements Callable<Integer> {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final long SEED = 1;
  private static final int TOKENIZER_ROWS = 20_000;

  @Option(names = "--out", required = true)
  private Path out = Path.of(".");

  @Option(names = "--hidden", defaultValue = "128")
  private int hidden;

  @Option(names = "--layers", defaultValue = "4")
  private int layers;

  /** Rows of pre-training text, about 47 tokens each; 80,000 took 736 steps. */
  @Option(names = "--conversations", defaultValue = "80000")
  private int conversations;

  /**
   * Writes {@code initial/} (a model directory), {@code pretraining.jsonl} and {@code spec.json}.
   */
  @Override
  public Integer call() throws IOException {
    Path initial = Files.createDirectories(out.resolve("initial"));
    BpeTokenizer.train(
            PretrainingText.conversations(SEED)
                .limit(TOKENIZER_ROWS)
                .flatMap(conversation -> conversation.texts().stream()))
        .write(initial);
    Architecture shape = new Architecture(hidden, layers);
    json(initial.resolve("config.json"), shape.configuration());
    json(
        initial.resolve("generation_config.json"),
        Map.of("eos_token_id", BpeTokenizer.END, "pad_token_id", BpeTokenizer.PAD));
    SafetensorsWriter.write(initial.resolve("model.safetensors"), RandomWeights.draw(shape, SEED));
    text(out.resolve("pretraining.jsonl"));
    json(out.resolve("spec.json"), spec(out.toAbsolutePath()));
    return 0;
  }

  private void text(Path file) throws IOException {
    try (var lines = Files.newBufferedWriter(file)) {
      Iterator<SampleData.ChatRow> rows =
          PretrainingText.conversations(SEED).limit(conversations).iterator();
      while (rows.hasNext()) lines.append(rows.next().json()).append('\n');
    }
  }

  private static Map<String, Object> spec(Path directory) {
    var training = new LinkedHashMap<String, Object>();
    training.put("learning_rate", 3e-3);
    training.put("lr_scheduler_type", "cosine");
    training.put("warmup_steps", 50);
    training.put("num_train_epochs", 1);
    training.put("per_device_train_batch_size", 32);
    training.put("weight_decay", 0.05);
    training.put("adam_beta2", 0.95);
    training.put("max_grad_norm", 1.0);
    training.put("max_length", 160);
    training.put("save_steps", 100);
    var adapter = new LinkedHashMap<String, Object>();
    adapter.put("method", Map.of("type", "full"));
    adapter.put("objective", "pretraining");
    adapter.put("training", training);
    var spec = new LinkedHashMap<String, Object>();
    spec.put("base_model", directory.resolve("initial").toString());
    spec.put("training_file", directory.resolve("pretraining.jsonl").toString());
    spec.put("adapter", adapter);
    spec.put("seed", SEED);
    return spec;
  }

  static void json(Path file, Object value) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(value) + "\n");
  }

  /**
   * A Llama before its first step, as {@code transformers} starts one: normal with deviation 0.02,
   * norms at one. bf16, the type the trained model is shipped in.
   */
  static final class RandomWeights {
    private static final double DEVIATION = 0.02;

    private final Random random;
    private final List<NamedTensor> tensors = new ArrayList<>();

    private RandomWeights(long seed) {
      random = new Random(seed);
    }

    static List<NamedTensor> draw(Architecture shape, long seed) {
      var weights = new RandomWeights(seed);
      weights.normal("model.embed_tokens", BpeTokenizer.VOCABULARY, shape.hidden());
      for (int i = 0; i < shape.layers(); i++) weights.layer("model.layers." + i + ".", shape);
      weights.ones("model.norm", shape.hidden());
      return weights.tensors;
    }

    private void layer(String layer, Architecture shape) {
      int hidden = shape.hidden();
      ones(layer + "input_layernorm", hidden);
      normal(layer + "self_attn.q_proj", hidden, hidden);
      normal(layer + "self_attn.k_proj", shape.keyValueWidth(), hidden);
      normal(layer + "self_attn.v_proj", shape.keyValueWidth(), hidden);
      normal(layer + "self_attn.o_proj", hidden, hidden);
      ones(layer + "post_attention_layernorm", hidden);
      normal(layer + "mlp.gate_proj", shape.intermediate(), hidden);
      normal(layer + "mlp.up_proj", shape.intermediate(), hidden);
      normal(layer + "mlp.down_proj", hidden, shape.intermediate());
    }

    private void normal(String module, int rows, int columns) {
      var data = bytes(rows * columns);
      while (data.hasRemaining()) data.putShort(bfloat16(random.nextGaussian() * DEVIATION));
      tensors.add(
          new NamedTensor(
              module + ".weight", Dtype.BF16, new long[] {rows, columns}, data.flip().slice()));
    }

    private void ones(String module, int size) {
      var data = bytes(size);
      while (data.hasRemaining()) data.putShort(bfloat16(1));
      tensors.add(
          new NamedTensor(module + ".weight", Dtype.BF16, new long[] {size}, data.flip().slice()));
    }

    private static ByteBuffer bytes(int elements) {
      return ByteBuffer.allocate(elements * Dtype.BF16.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The upper half of the float's bits: the rounding is as good as any for random numbers. */
    private static short bfloat16(double value) {
      return (short) (Float.floatToRawIntBits((float) value) >>> 16);
    }
  }

  /**
   * The shape of the demo model: a small Llama.
   *
   * @param hidden width, a multiple of {@link #HEAD}
   */
  record Architecture(int hidden, int layers) {
    static final int CONTEXT = 512;
    private static final int HEAD = 32;

    int heads() {
      return hidden / HEAD;
    }

    int keyValueWidth() {
      return keyValueHeads() * HEAD;
    }

    private int keyValueHeads() {
      return heads() % 2 == 0 ? heads() / 2 : heads();
    }

    /** About 8/3 of the width, as Llama's gated MLP has it, in whole vector registers. */
    int intermediate() {
      return hidden * 8 / 3 / 32 * 32;
    }

    /** Contents of {@code config.json}. */
    Map<String, Object> configuration() {
      var configuration = new LinkedHashMap<String, Object>();
      configuration.put("architectures", List.of("LlamaForCausalLM"));
      configuration.put("model_type", "llama");
      configuration.put("vocab_size", BpeTokenizer.VOCABULARY);
      configuration.put("hidden_size", hidden);
      configuration.put("intermediate_size", intermediate());
      configuration.put("num_hidden_layers", layers);
      configuration.put("num_attention_heads", heads());
      configuration.put("num_key_value_heads", keyValueHeads());
      configuration.put("head_dim", HEAD);
      configuration.put("hidden_act", "silu");
      configuration.put("max_position_embeddings", CONTEXT);
      configuration.put("rms_norm_eps", 1e-6);
      configuration.put("rope_theta", 10000.0);
      configuration.put("attention_bias", false);
      configuration.put("mlp_bias", false);
      configuration.put("tie_word_embeddings", true);
      configuration.put("bos_token_id", null);
      configuration.put("eos_token_id", BpeTokenizer.END);
      configuration.put("pad_token_id", BpeTokenizer.PAD);
      configuration.put("torch_dtype", "bfloat16");
      return configuration;
    }
  }

  /**
   * What the base model reads: invented products, never the same twice.
   *
   * <p>55 % questions with the answer in the sheet above (teaches to look), 35 % questions with no
   * sheet and a random answer (teaches the form, and that the value cannot be known), 10 % whole
   * sheets.
   */
  static final class PretrainingText {
    static Stream<ChatRow> conversations(long seed) {
      var random = new Random(seed);
      return Stream.generate(() -> conversation(random));
    }

    private static ChatRow conversation(RandomGenerator random) {
      double kind = random.nextDouble();
      if (kind < 0.55) return openBook(random);
      if (kind < 0.90) {
        var fact = Fact.draw(attribute(random), SampleData.Products.draw(random), random);
        return new ChatRow(null, question(fact, random), fact.sentence());
      }
      return sheet(random);
    }

    private static ChatRow openBook(RandomGenerator random) {
      int size = 1 + random.nextInt(5);
      List<Fact> facts = new ArrayList<>();
      Set<String> used = new LinkedHashSet<>();
      for (int i = 0; i < size; i++) {
        boolean sameProduct = !facts.isEmpty() && random.nextDouble() < 0.4;
        String product =
            sameProduct ? facts.getFirst().product() : SampleData.Products.draw(random);
        var attribute = attribute(random);
        if (used.add(attribute + product)) facts.add(Fact.draw(attribute, product, random));
      }
      var asked = facts.get(random.nextInt(facts.size()));
      return new ChatRow(sentences(facts), question(asked, random), asked.sentence());
    }

    private static ChatRow sheet(RandomGenerator random) {
      String product = SampleData.Products.draw(random);
      List<Attribute> order = new ArrayList<>(List.of(Attribute.values()));
      Collections.shuffle(order, Random.from(random));
      List<Fact> facts =
          order.stream()
              .limit(4)
              .map(a -> Fact.draw(a, product, random))
              .collect(Collectors.toList());
      return new ChatRow(null, "Show me the sheet of the " + product + ".", sentences(facts));
    }

    private static String sentences(List<Fact> facts) {
      return facts.stream().map(Fact::sentence).collect(Collectors.joining(" "));
    }

    private static Attribute attribute(RandomGenerator random) {
      return Attribute.values()[random.nextInt(Attribute.values().length)];
    }

    private static String question(Fact fact, RandomGenerator random) {
      var phrasings = random.nextBoolean() ? fact.attribute().taught() : fact.attribute().heldOut();
      return SampleData.Phrasing.dress(
          fact.ask(phrasings.get(random.nextInt(phrasings.size()))), random);
    }
  }
}
