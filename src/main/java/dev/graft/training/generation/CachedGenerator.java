package dev.graft.training.generation;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.training.Generator;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.TorchScriptModule;
import dev.graft.training.model.device.DerivedTensors;
import dev.graft.training.model.device.DeviceMemory;
import dev.graft.training.model.device.ModelTensors;
import dev.graft.training.model.family.Family;
import dev.graft.training.model.forward.Transformer;
import dev.graft.training.tuner.SavedTensors;
import dev.graft.training.tuner.Tuners;
import dev.graft.training.tuner.part.ColumnSlice;
import dev.graft.training.tuner.part.Rewrite;
import dev.graft.training.tuner.part.Tuner;
import dev.graft.training.tuner.prompt.PromptPaths;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.adapter.PromptAdapter;
import dev.graft.weights.adapter.SavedAdapter;
import dev.graft.weights.checkpoint.StoredWeight;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.files.BadModel;
import dev.graft.weights.tensor.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decoding over a key-value cache: the prompt in blocks, then token by token. */
final class CachedGenerator implements Generator {
  private final ModelDirectory directory;
  private final ModelConfig config;
  private final DeviceMemory memory;
  private final ModelTensors base;
  private final TorchScriptModule module;
  private final Transformer bare;
  private @Nullable Worn worn;

  /** The base with an adapter: a model compiled for both, and the adapter's own tensors. */
  private record Worn(Transformer model, List<PtNDArray> factors) implements AutoCloseable {
    @Override
    public void close() {
      model.close();
      factors.forEach(PtNDArray::close);
    }
  }

  /**
   * @param directory closed with the generator
   * @param memory closed with the generator
   * @param base every parameter, in {@code memory}
   */
  CachedGenerator(ModelDirectory directory, DeviceMemory memory, ModelTensors base) {
    this.directory = directory;
    this.config = directory.config();
    this.memory = memory;
    this.base = base.copy();
    this.module = Kernels.load(Continuation.METHODS, memory.device());
    this.bare = compiled(base, Rewrite.NONE);
  }

  private Transformer compiled(ModelTensors tensors, Rewrite adapter) {
    return Transformer.frozen(Family.of(config), memory, tensors, adapter);
  }

  @Override
  public void adapter(@Nullable Path directory) {
    Worn next = directory == null ? null : wear(directory);
    if (worn != null) worn.close();
    worn = next;
  }

  private Worn wear(Path adapter) {
    try {
      return PromptAdapter.isIn(adapter) ? prompted(adapter) : tuned(adapter);
    } catch (BadModel e) {
      throw new IllegalArgumentException("the adapter cannot be used: " + e.getMessage(), e);
    }
  }

  /** Virtual tokens, and the views of them that layers have. */
  private Worn prompted(Path directory) {
    try (PromptAdapter adapter = PromptAdapter.read(directory)) {
      PromptPaths paths = new PromptPaths(adapter.method(), config);
      long[] shape = adapter.embeddings().shape();
      if (!Arrays.equals(shape, paths.shape())) {
        throw new BadModel(
            "prompt_embeddings has shape %s, the base needs %s"
                .formatted(Arrays.toString(shape), Arrays.toString(paths.shape())));
      }
      Map<String, PtNDArray> own = new HashMap<>();
      PtNDArray rows = memory.load(adapter.embeddings());
      own.put(PromptPaths.NAME, rows);
      for (ColumnSlice each : paths.columns()) {
        own.put(each.name(), memory.columns(rows, each.start(), each.count()));
      }
      ModelTensors all = base.copy();
      own.forEach(all::put);
      return new Worn(compiled(all, paths), List.copyOf(own.values()));
    }
  }

  /** What trained, as its tuner brings it into the base. */
  private Worn tuned(Path adapter) {
    Map<String, PtNDArray> own = new HashMap<>();
    List<PtNDArray> weights = new ArrayList<>();
    try (SavedAdapter saved = SavedAdapter.read(adapter)) {
      Tuner tuner = Tuners.of(saved.method(), directory);
      for (NamedTensor each : SavedTensors.of(tuner, saved, config)) {
        own.put(each.name(), memory.load(each));
      }
      for (NamedTensor each : tuner.frozen(0)) {
        if (!own.containsKey(each.name())) own.put(each.name(), memory.load(each));
      }
      ModelTensors all = base.copy();
      for (ModelConfig.Parameter each : config.parameters()) {
        StoredWeight other = tuner.requantised(each);
        if (other != null) weights.addAll(all.load(memory, each, other));
      }
      own.forEach(all::put);
      try (DerivedTensors derived = new DerivedTensors(memory, all, tuner.derived(), true)) {
        derived.compute();
        derived.fresh().forEach(own::put);
      }
      weights.addAll(own.values());
      return new Worn(compiled(all, tuner), List.copyOf(weights));
    } catch (RuntimeException e) {
      weights.forEach(PtNDArray::close);
      own.values().forEach(PtNDArray::close);
      throw e;
    }
  }

  @Override
  public int vocabulary() {
    return config.vocabSize();
  }

  @Override
  public int context() {
    return config.contextLength() - model().virtualTokens().count();
  }

  @Override
  public Text read(int[] prompt) {
    checkPrompt(prompt, context());
    return CachedText.read(new Continuation(model(), memory, module), prompt);
  }

  @Override
  public Text read(int[] prompt, int first, Expectations expectations) {
    checkPrompt(prompt, context());
    return CachedText.read(new Continuation(model(), memory, module), prompt, first, expectations);
  }

  private Transformer model() {
    return worn == null ? bare : worn.model();
  }

  private void checkPrompt(int[] prompt, int context) {
    if (prompt.length == 0) throw new IllegalArgumentException("the prompt is empty");
    if (prompt.length > context) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the model's context is %d".formatted(prompt.length, context));
    }
    for (int id : prompt) {
      if (id < 0 || id >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "token id %d is outside the vocabulary of %d".formatted(id, config.vocabSize()));
      }
    }
  }

  @Override
  public void close() {
    if (worn != null) worn.close();
    bare.close();
    module.close();
    memory.close();
    directory.close();
  }
}
