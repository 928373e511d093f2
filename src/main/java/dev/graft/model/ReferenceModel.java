package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.spec.Preference;
import dev.graft.weights.ModelDirectory;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The model that preferences are measured from: the base with the adapter off, which shares its
 * tensors with the model that trains, or that model itself before its first step.
 *
 * @param ownsModel whether the model is the reference's alone
 * @param moves whether tensors that train are the reference's, too, so that it changes with them
 */
record ReferenceModel(ForwardPass inference, OutputLoss loss, boolean ownsModel, boolean moves)
    implements AutoCloseable {
  /**
   * The model as it begins where nothing but tensors of the base train, or an adapter that has
   * learned goes on, as in TRL; else PEFT's {@code disable_adapter}, with the base's own tensors
   * where copies of them train or others took their place. Biases that train beside an adapter are
   * no copies.
   *
   * @param tensors those of the model that trains
   * @return null if the preference has no reference
   */
  static @Nullable ReferenceModel of(
      DeviceMemory memory,
      ModelDirectory base,
      Tuner tuner,
      TrainingSetup recipe,
      Transformer model,
      ModelTensors tensors) {
    if (!(recipe.preference() instanceof Preference.Dpo)) return null;
    Set<String> trained = tuner.slots().stream().map(Slot::name).collect(Collectors.toSet());
    if (recipe.continued() || base.config().parameterNames().containsAll(trained)) {
      return of(model, recipe.execution().plan(), false, false);
    }
    Set<String> changed = new HashSet<>(trained);
    tuner.frozen(recipe.seed()).forEach(each -> changed.add(each.name()));
    tuner.derived().forEach(each -> changed.add(each.name()));
    Set<String> shared = tuner.inPlace();
    changed.removeAll(shared);
    BaseWeights weights = new BaseWeights(base, recipe.quantization(), tuner);
    ModelTensors originals = tensors.copy();
    weights.load(memory, originals, changed::contains);
    Transformer off = Transformer.frozen(model.family(), memory, originals, Rewrite.NONE);
    return of(off, recipe.execution().plan(), true, !shared.isEmpty());
  }

  private static ReferenceModel of(
      Transformer model, ComputePlan plan, boolean ownsModel, boolean moves) {
    return new ReferenceModel(
        ForwardPass.of(model, plan), OutputLoss.frozen(model, plan), ownsModel, moves);
  }

  PairLogps logps(PtNDManager scope, PairBatch batch) {
    TokenLayout rows = inference.layout(batch.rows(), false);
    try (IValue hidden = inference.infer(scope, rows, rows.predicting())) {
      return PairTargets.of(batch, rows).logps(loss.scores(scope, hidden, rows.targetIds()));
    }
  }

  @Override
  public void close() {
    if (ownsModel) inference.model().close();
  }
}
