package dev.graft.training;

import dev.graft.spec.Hyperparameters.GradientCheckpointing;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run on random words: full rows, of which every token but the first trains.
 *
 * @param batch rows of a step
 * @param length tokens of a row
 * @param rank of LoRA on every linear layer, alpha twice as large; 0 = full fine-tuning
 */
record RandomRun(
    int batch,
    int length,
    int rank,
    Precision dtype,
    boolean autocast,
    GradientCheckpointing checkpointing) {
  private static final long SEED = 42;

  /** Most words of a row of the file: a line may have 1 MiB. */
  private static final int WORDS = 50_000;

  /**
   * Writes its SPEC.json and its rows.
   *
   * @param directory an empty one
   * @param steps of which there are rows
   * @throws IllegalArgumentException if rows are longer than the model takes
   */
  public Path write(Path model, Path directory, int steps) throws IOException {
    try (ModelDirectory base = ModelDirectory.open(model)) {
      int context = base.config().contextLength();
      if (length > context) {
        throw new IllegalArgumentException(
            "--length %d is above the model's context of %d tokens".formatted(length, context));
      }
    }
    // one more, so that the run does not end by itself
    long tokens = Math.multiplyExact((long) batch * length, steps + 1L);
    Path rows = directory.resolve("rows.jsonl");
    int words = (int) Math.min(tokens, WORDS);
    RandomText.write(rows, Math.toIntExact(Math.ceilDiv(tokens, words)), words, SEED);
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("base_model", model.toAbsolutePath().toString());
    spec.put("training_file", rows.toAbsolutePath().toString());
    spec.put("seed", SEED);
    spec.put("adapter", adapter(steps + 1));
    return Files.writeString(
        directory.resolve("spec.json"), JsonMapper.shared().writeValueAsString(spec));
  }

  private Map<String, Object> adapter(int steps) {
    Map<String, Object> training = new LinkedHashMap<>();
    training.put("max_length", length);
    training.put("per_device_train_batch_size", batch);
    training.put("max_steps", steps);
    training.put("train_sampling_strategy", "sequential");
    training.put("learning_rate", 2e-4);
    training.put("save_steps", 0);
    training.put("save_minutes", 0);
    training.put("bf16", dtype == Precision.BF16);
    training.put("fp16", dtype == Precision.F16);
    training.put("autocast", autocast);
    switch (checkpointing) {
      case OFF -> training.put("gradient_checkpointing", false);
      case ON -> training.put("gradient_checkpointing", true);
      case AUTO -> training.put("gradient_checkpointing", "auto");
    }
    Map<String, Object> adapter = new LinkedHashMap<>();
    adapter.put("objective", "pretraining");
    if (rank == 0) adapter.put("method", Map.of("type", "full"));
    else {
      adapter.put(
          "peft",
          Map.of(
              "peft_type",
              "LORA",
              "r",
              rank,
              "lora_alpha",
              2 * rank,
              "target_modules",
              "all-linear"));
    }
    adapter.put("training", training);
    return adapter;
  }

  /** Rows of words that mean nothing and begin with nothing in common. */
  static final class RandomText {
    private static final int LETTERS = 26;
    private static final int SHORTEST = 3;
    private static final int LONGEST = 8;

    private RandomText() {}

    /**
     * Writes JSONL.
     *
     * @param words of a row; each is a token at least
     */
    static void write(Path file, int rows, int words, long seed) throws IOException {
      SplittableRandom random = new SplittableRandom(seed);
      try (BufferedWriter out = Files.newBufferedWriter(file)) {
        for (int r = 0; r < rows; r++) {
          out.write("{\"text\":\"");
          for (int w = 0; w < words; w++) {
            int letters = random.nextInt(SHORTEST, LONGEST + 1);
            for (int i = 0; i < letters; i++) out.write('a' + random.nextInt(LETTERS));
            out.write(' ');
          }
          out.write("\"}\n");
        }
      }
    }
  }
}
