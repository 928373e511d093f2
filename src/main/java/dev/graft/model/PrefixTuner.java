package dev.graft.model;

import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prefix tuning (Li and Liang 2021): keys and values of virtual tokens in every layer, side by side
 * in one matrix, used as they are: no positions, no norm. With a projection two linear layers with
 * tanh between them compute the matrix from narrower rows.
 */
final class PrefixTuner extends PromptedTuner {
  private static final String EMBEDDING = ENCODER + "embedding.weight";
  private static final String TRANSFORM = ENCODER + "transform.";

  private final PrefixTuning method;
  private final int keys;
  private final int hidden;

  public PrefixTuner(PrefixTuning method, ModelConfig config) {
    super(new PromptPaths(method, config));
    this.method = method;
    keys = AttentionShape.of(config).keyFeatures();
    Integer wanted = method.encoderHiddenSize();
    hidden = wanted == null ? keys : wanted;
  }

  @Override
  public List<Slot> slots() {
    if (!method.prefixProjection()) return List.of(embeddings());
    long width = paths.shape()[1];
    return List.of(
        new Slot(EMBEDDING, method.numVirtualTokens(), keys),
        new Slot(TRANSFORM + "0.weight", hidden, keys),
        new Slot(TRANSFORM + "0.bias", hidden),
        new Slot(TRANSFORM + "2.weight", width, hidden),
        new Slot(TRANSFORM + "2.bias", width));
  }

  /** As torch's modules; PEFT's zero start is of what comes out. */
  @Override
  public List<NamedTensor> start(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    for (Slot slot : slots()) {
      boolean last =
          slot.name().equals(PromptPaths.NAME) || slot.name().startsWith(TRANSFORM + "2.");
      if (last && method.initZero()) start.add(Starts.zeros(slot));
      else if (!slot.name().startsWith(TRANSFORM)) start.add(Starts.normal(slot, 1, seed));
      else {
        int in = slot.name().startsWith(TRANSFORM + "0.") ? keys : hidden;
        start.add(Starts.uniform(slot, 1 / Math.sqrt(in), seed));
      }
    }
    return start;
  }

  @Override
  public @Nullable Computed computed() {
    return method.prefixProjection() ? computedBy("projection") : null;
  }
}
