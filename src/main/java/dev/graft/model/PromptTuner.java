package dev.graft.model;

import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Prompted.PromptTuning.Init;
import dev.graft.text.Tokenizer;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** Prompt tuning (Lester et al. 2021): the rows of virtual tokens train. */
final class PromptTuner extends PromptedTuner {
  private final PromptTuning method;
  private final ModelDirectory base;

  public PromptTuner(PromptTuning method, ModelDirectory base) {
    super(new PromptPaths(method, base.config()));
    this.method = method;
    this.base = base;
  }

  @Override
  public List<Slot> slots() {
    return List.of(embeddings());
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return List.of(
        switch (method.promptTuningInit()) {
          case Init.Random() -> Starts.normal(embeddings(), 1, seed);
          case Init.SampleVocab() -> rows(drawn(seed));
          case Init.Text(String text) -> rows(tokens(text));
        });
  }

  private int[] drawn(long seed) {
    return Starts.random(seed, PromptPaths.NAME)
        .ints(method.numVirtualTokens(), 0, base.config().vocabSize())
        .toArray();
  }

  /** Those of the text as the tokenizer begins it, repeated or cut. */
  private int[] tokens(String text) {
    int[] ids;
    try (Tokenizer tokenizer = Tokenizer.load(base.path())) {
      ids = tokenizer.ids(tokenizer.addsBos() ? tokenizer.bosToken() + text : text);
    }
    if (ids.length == 0) throw new IllegalArgumentException("prompt_tuning_init_text is no token");
    int[] repeated = new int[method.numVirtualTokens()];
    for (int i = 0; i < repeated.length; i++) repeated[i] = ids[i % ids.length];
    return repeated;
  }

  /** What the base's table gives for tokens. */
  private NamedTensor rows(int[] ids) {
    ModelConfig config = base.config();
    int size = config.hiddenSize();
    MappedTensor table =
        base.weights().require(config.inputEmbedding(), config.vocabSize(), config.hiddenSize());
    float factor = tableFactor(config);
    float[] row = new float[size];
    float[] all = new float[ids.length * size];
    for (int i = 0; i < ids.length; i++) {
      table.copyTo(row, (long) ids[i] * size);
      for (int j = 0; j < size; j++) all[i * size + j] = row[j] * factor;
    }
    return NamedTensor.of(PromptPaths.NAME, all, paths.shape());
  }

  /** Gemma's table multiplies its rows. */
  private static float tableFactor(ModelConfig config) {
    return config instanceof DecoderConfig decoder && decoder.multipliers().scalesTable()
        ? (float) decoder.multipliers().embedding()
        : 1;
  }
}
