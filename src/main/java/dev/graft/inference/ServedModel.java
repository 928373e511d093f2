package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.artifacts.Digest;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model that answers requests.
 *
 * @param name its own name, even if the request names an alias
 * @param adapter manifest of the PEFT directory on top, or null for the base alone
 * @param published the adapter if it is the result of a job, or null
 */
record ServedModel(
    String name, LoadedWeights weights, @Nullable Digest adapter, @Nullable Adapter published) {
  private static final int SHOWN = 10;

  /**
   * The weights that one process loads, without adapters.
   *
   * @param base manifest of the base model's directory
   * @param trained manifest of a checkpoint whose weights replace those of the base, or null
   * @param quantization of the base in training, which the adapter needs; null = none
   * @param classifies whether the process labels texts instead of continuing them
   */
  record LoadedWeights(
      Digest base,
      @Nullable Digest trained,
      @Nullable Quantization quantization,
      boolean classifies) {
    LoadedWeights(Digest base) {
      this(base, null, null, false);
    }

    /** Returns a name that identifies the weights. */
    String name() {
      return Stream.of(
              base.hex(),
              trained == null ? "" : trained.hex(),
              quantization == null ? "" : NamedQuantization.of(quantization).name(),
              classifies ? "classify" : "")
          .collect(Collectors.joining("/"));
    }
  }

  ServedModel(String name, Digest base, @Nullable Digest adapter) {
    this(name, new LoadedWeights(base), adapter, null);
  }

  ServedModel(String name, LoadedWeights weights, @Nullable Digest adapter) {
    this(name, weights, adapter, null);
  }

  ServedModel as(Adapter result) {
    return new ServedModel(name, weights, adapter, result);
  }

  Digest base() {
    return weights.base();
  }

  /**
   * Returns OpenAI's {@code system_fingerprint}, which changes when the files of the model change.
   */
  String fingerprint() {
    return "fp_" + base().hex().substring(0, SHOWN) + shown(weights.trained()) + shown(adapter);
  }

  private static String shown(@Nullable Digest own) {
    return own == null ? "" : "_" + own.hex().substring(0, SHOWN);
  }
}
