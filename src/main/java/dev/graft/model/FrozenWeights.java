package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.spec.Quantization;
import dev.graft.weights.BadModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.SavedAdapter.PromptAdapter;
import dev.graft.weights.StoredWeight;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Loads the parameters of a base for inference. */
final class FrozenWeights {
  private FrozenWeights() {}

  /**
   * Copies the parameters to the device. Quantised weights are held as plain numbers of the same
   * value, so that answers are not slower.
   *
   * @param trained directory of a checkpoint whose weights replace those of the base; null = none
   * @param missing names of parameters that the base lacks
   */
  static ModelTensors load(
      ModelDirectory base,
      @Nullable Path trained,
      @Nullable Quantization quantization,
      Execution execution,
      DeviceMemory memory,
      Set<String> missing) {
    ModelTensors tensors = new ModelTensors(execution.precision());
    if (trained != null) load(base, trained, tensors, memory);
    BaseWeights weights = new BaseWeights(base, trained == null ? quantization : null);
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (!weights.rounds(each)) continue;
      NamedTensor rounded = NamedTensor.of(each.name(), weights.values(each), each.shape());
      tensors.put(each.name(), memory.load(rounded));
    }
    weights.load(memory, tensors, name -> !tensors.contains(name) && !missing.contains(name));
    return tensors;
  }

  /** Loads the base's parameters that a checkpoint holds. */
  private static void load(
      ModelDirectory base, Path trained, ModelTensors tensors, DeviceMemory memory) {
    try (SafetensorsFile file = SafetensorsFile.open(trained.resolve("trained.safetensors"))) {
      for (ModelConfig.Parameter each : base.config().parameters()) {
        MappedTensor own = file.find(each.name());
        if (own == null) continue;
        if (!Arrays.equals(own.shape(), each.shape())) {
          throw new BadModel(each.name() + " of the checkpoint has another shape");
        }
        tensors.load(memory, each, own);
      }
    }
  }

  /** A base with an adapter: a model compiled for both, and the adapter's own tensors. */
  record WornAdapter(Transformer model, List<PtNDArray> own) implements AutoCloseable {
    /**
     * Loads an adapter.
     *
     * @param base with the head that the adapter is for
     * @param tensors of the base, in {@code memory}; its head may be missing where the adapter has
     *     one
     * @throws IllegalArgumentException if the adapter does not fit the base, saying where
     */
    static WornAdapter of(
        Path adapter, ModelDirectory base, DeviceMemory memory, ModelTensors tensors) {
      try {
        return PromptAdapter.isIn(adapter)
            ? prompted(adapter, base.config(), memory, tensors.copy())
            : tuned(adapter, base, memory, tensors.copy());
      } catch (BadModel e) {
        throw new IllegalArgumentException("the adapter cannot be used: " + e.getMessage(), e);
      }
    }

    /** Loads virtual tokens, and the views of them that layers read. */
    private static WornAdapter prompted(
        Path directory, ModelConfig config, DeviceMemory memory, ModelTensors all) {
      try (PromptAdapter adapter = PromptAdapter.read(directory)) {
        PromptedTuner.PromptPaths paths = new PromptedTuner.PromptPaths(adapter.method(), config);
        long[] shape = adapter.embeddings().shape();
        if (!Arrays.equals(shape, paths.shape())) {
          throw new BadModel(
              "prompt_embeddings has shape %s, but the base needs %s"
                  .formatted(Arrays.toString(shape), Arrays.toString(paths.shape())));
        }
        Map<String, PtNDArray> own = new HashMap<>();
        PtNDArray rows = memory.load(adapter.embeddings().named());
        own.put(PromptedTuner.PromptPaths.NAME, rows);
        for (Tuner.ColumnSlice each : paths.columns()) {
          own.put(each.name(), memory.columns(rows, each.start(), each.count()));
        }
        own.forEach(all::put);
        return compiled(config, memory, all, paths, List.copyOf(own.values()));
      }
    }

    /** Loads the trained tensors of an adapter. */
    private static WornAdapter tuned(
        Path adapter, ModelDirectory base, DeviceMemory memory, ModelTensors all) {
      Map<String, PtNDArray> own = new HashMap<>();
      List<PtNDArray> weights = new ArrayList<>();
      try (SavedAdapter saved = SavedAdapter.read(adapter)) {
        ModelConfig config = base.config();
        Tuner tuner = Tuner.of(saved.method(), base);
        for (NamedTensor each : SavedTensors.of(tuner, saved, config)) {
          own.put(each.name(), memory.load(each));
        }
        for (NamedTensor each : tuner.frozen(0)) {
          if (!own.containsKey(each.name())) own.put(each.name(), memory.load(each));
        }
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
        return compiled(config, memory, all, tuner, List.copyOf(weights));
      } catch (RuntimeException e) {
        weights.forEach(PtNDArray::close);
        own.values().forEach(PtNDArray::close);
        throw e;
      }
    }

    private static WornAdapter compiled(
        ModelConfig config,
        DeviceMemory memory,
        ModelTensors all,
        Rewrite adapter,
        List<PtNDArray> own) {
      return new WornAdapter(Transformer.frozen(Family.of(config), memory, all, adapter), own);
    }

    @Override
    public void close() {
      model.close();
      own.forEach(PtNDArray::close);
    }
  }
}
