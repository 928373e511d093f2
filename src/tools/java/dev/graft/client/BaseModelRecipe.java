package dev.graft.client;

import dev.graft.weights.Dtype;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that {@code graft train} needs to make the demo model, from seeds alone: text, tokenizer,
 * initial weights and the spec. {@code demo/build-base-model} runs the whole of it.
 *
 * @param shape size of the model
 * @param conversations rows of pre-training text, about 47 tokens each; 80,000 took 736 steps
 */
record BaseModelRecipe(Architecture shape, int conversations) {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final long SEED = 1;
  private static final int TOKENIZER_ROWS = 20_000;

  static BaseModelRecipe of(int hidden, int layers, int conversations) {
    return new BaseModelRecipe(new Architecture(hidden, layers), conversations);
  }

  /**
   * Writes {@code initial/} (a model directory), {@code pretraining.jsonl} and {@code spec.json}.
   */
  void write(Path directory) throws IOException {
    Path initial = Files.createDirectories(directory.resolve("initial"));
    BpeTokenizer.train(
            PretrainingText.conversations(SEED)
                .limit(TOKENIZER_ROWS)
                .flatMap(conversation -> conversation.texts().stream()))
        .write(initial);
    json(initial.resolve("config.json"), shape.configuration());
    json(
        initial.resolve("generation_config.json"),
        Map.of("eos_token_id", BpeTokenizer.END, "pad_token_id", BpeTokenizer.PAD));
    SafetensorsWriter.write(initial.resolve("model.safetensors"), RandomWeights.draw(shape, SEED));
    text(directory.resolve("pretraining.jsonl"));
    json(directory.resolve("spec.json"), spec(directory.toAbsolutePath()));
  }

  private void text(Path file) throws IOException {
    try (var out = Files.newBufferedWriter(file)) {
      Iterator<SampleData.ChatRow> rows =
          PretrainingText.conversations(SEED).limit(conversations).iterator();
      while (rows.hasNext()) out.append(rows.next().json()).append('\n');
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

  private static void json(Path file, Object value) throws IOException {
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
}
