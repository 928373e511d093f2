package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.Concurrent;
import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.training.WrittenResults;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/** Virtual tokens over a key-value cache, against the model that trained them. */
@Concurrent
class PromptedGeneratorTests {
  private static final int[] PROMPT = {3, 1, 4, 1, 5};
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);

  @TempDir Path temp;
  private Path base;

  @BeforeEach
  void write() throws IOException {
    ObjectNode config = TinyModels.config();
    config.put("max_position_embeddings", 64).put("vocab_size", 61);
    base = TinyModels.write(temp.resolve("base"), config);
  }

  static Stream<Prompted> methods() {
    return Stream.of(
        new PromptTuning(4, new PromptTuning.Init.Random()),
        new PTuning(3, PTuning.Encoder.MLP, 8, 2),
        new PTuning(3, PTuning.Encoder.LSTM, 8, 1),
        new PrefixTuning(5, false, null, false),
        new PrefixTuning(5, true, 6, false));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theCacheGivesWhatTheTrainedModelGives(Prompted method) {
    Path adapter = temp.resolve("adapter");
    int[] expected;
    try (ModelDirectory model = ModelDirectory.open(base);
        TrainableModel trained = TrainableModel.load(model, method, ADAMW, ComputePlan.KEEP, 7)) {
      WrittenResults.write(adapter, model, method, trained.saved());
      expected = greedy(trained, 20);
    }
    try (Generator generator = Generators.load(base, 1)) {
      int[] bare = Greedy.continued(generator, PROMPT, 20);
      generator.adapter(adapter);
      assertThat(Greedy.continued(generator, PROMPT, 20))
          .containsExactly(expected)
          .isNotEqualTo(bare);
      assertThat(generator.context()).isEqualTo(64 - method.numVirtualTokens());
    }
  }

  private static int[] greedy(TrainableModel model, int count) {
    List<Integer> ids = new ArrayList<>(Arrays.stream(PROMPT).boxed().toList());
    for (int i = 0; i < count; i++) {
      int[] row = ids.stream().mapToInt(Integer::intValue).toArray();
      float[] logits = model.logits(new int[][] {row})[0][row.length - 1];
      int best = 0;
      for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
      ids.add(best);
    }
    return ids.stream().skip(PROMPT.length).mapToInt(Integer::intValue).toArray();
  }

  @Test
  void embeddingsOfAnotherShapeAreRefused() throws IOException {
    Path adapter = temp.resolve("adapter");
    Prompted method = new PromptTuning(4, new PromptTuning.Init.Random());
    try (ModelDirectory model = ModelDirectory.open(base);
        TrainableModel trained = TrainableModel.load(model, method, ADAMW, ComputePlan.KEEP, 7)) {
      WrittenResults.write(adapter, model, method, trained.saved());
    }
    Path config = adapter.resolve("adapter_config.json");
    Files.writeString(
        config,
        Files.readString(config).replace("num_virtual_tokens\": 4", "num_virtual_tokens\": 5"));
    try (Generator generator = Generators.load(base, 1)) {
      assertThatThrownBy(() -> generator.adapter(adapter))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("prompt_embeddings has shape [4, ");
    }
  }
}
