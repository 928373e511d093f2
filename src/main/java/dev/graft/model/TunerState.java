package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.spec.AdapterMethod;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a method has on the device: its parameters, and all that follows or remains beside them. */
final class TunerState implements AutoCloseable {
  private final DeviceMemory memory;
  private final Tuner tuner;
  private final Parameters parameters;
  private final @Nullable ComputedTensor computed;
  private final RoundedFactors rounded;
  private final DerivedTensors derived;
  private final StepRule rule;
  private final LossScale lossScale;

  /** What does not train, but belongs to the result of the method. */
  private final TensorTable kept;

  /** What a checkpoint holds beside that. */
  private final TensorTable remembered;

  private Readout.@Nullable Numbers regulariser;

  TunerState(
      DeviceMemory memory,
      Tuner tuner,
      Parameters parameters,
      @Nullable ComputedTensor computed,
      RoundedFactors rounded,
      DerivedTensors derived,
      StepRule rule,
      LossScale lossScale,
      TensorTable kept,
      TensorTable remembered) {
    this.memory = memory;
    this.tuner = tuner;
    this.parameters = parameters;
    this.computed = computed;
    this.rounded = rounded;
    this.derived = derived;
    this.rule = rule;
    this.lossScale = lossScale;
    this.kept = kept;
    this.remembered = remembered;
    compute();
  }

  Parameters parameters() {
    return parameters;
  }

  LossScale lossScale() {
    return lossScale;
  }

  @Nullable OutputPart outputPart() {
    return tuner.outputPart();
  }

  /** As {@link dev.graft.model.TrainableModel#update}. */
  double update(double learningRate) {
    if (computed != null) computed.backward();
    parameters.unscale(lossScale.value());
    regulariser = rule.regularise(parameters.readout());
    double norm = parameters.update(learningRate, rule);
    lossScale.updated();
    compute();
    return norm;
  }

  /** As {@link dev.graft.model.TrainableModel#discard}. */
  void discard() {
    if (computed != null) computed.discard();
    parameters.discard();
  }

  private void compute() {
    if (computed != null) computed.compute();
    rounded.compute();
    derived.compute();
  }

  double regulariser() {
    return regulariser == null ? 0 : regulariser.values()[0];
  }

  List<NamedTensor> saved() {
    List<NamedTensor> values = parameters.values().and(kept.read());
    if (computed != null) {
      values = new ArrayList<>(values);
      values.add(computed.named());
    }
    return tuner.saved(values);
  }

  SavedResult result(AdapterMethod method) {
    DeviceTensors values = parameters.values().and(kept.read()).and(remembered.read());
    SavedResult converted = tuner.converted(values);
    return converted != null ? converted : new SavedResult(method, saved());
  }

  Map<String, Object> learnedSettings() {
    return tuner.learnedSettings(kept.read());
  }

  void loadSaved(List<NamedTensor> saved) {
    List<NamedTensor> read = tuner.read(saved);
    load(kept.without(read));
    kept.fill(kept.among(read));
  }

  /** What a step depends on beside the parameters and Adam's moments. */
  private TensorTable beside() {
    Map<String, PtNDArray> all = new LinkedHashMap<>(kept.tensors());
    all.putAll(remembered.tensors());
    all.putAll(rule.state());
    all.putAll(lossScale.state());
    return new TensorTable(memory, all);
  }

  List<NamedTensor> optimizerState() {
    lossScale.write();
    return parameters.moments().and(beside().read());
  }

  void load(List<NamedTensor> trained) {
    parameters.load(trained);
    compute();
  }

  void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates) {
    TensorTable beside = beside();
    parameters.restore(trained, beside.without(optimizerState), updates);
    beside.fill(beside.among(optimizerState));
    lossScale.read();
    compute();
  }

  @Override
  public void close() {
    if (computed != null) computed.close();
    derived.close();
  }
}
