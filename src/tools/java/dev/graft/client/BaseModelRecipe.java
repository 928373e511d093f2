package dev.graft.client;

import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
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
}
