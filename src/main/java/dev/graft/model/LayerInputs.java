package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.LinearLayer.ReadValues;
import dev.graft.kernels.ReadValues;
import dev.graft.weights.Dropouts;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A base without its adapter and its head that shows what goes into linear layers of its layers.
 * All rows go through a layer before the next one: beside the hidden states of the rows only what
 * one layer shows exists at a time.
 */
final class LayerInputs implements AutoCloseable {
  private final DeviceMemory memory;
  private final Transformer model;
  private final ForwardPass inference;
  private final List<ReadValues> layers;

  private LayerInputs(
      DeviceMemory memory, Transformer model, ForwardPass inference, List<ReadValues> layers) {
    this.memory = memory;
    this.model = model;
    this.inference = inference;
    this.layers = layers;
  }

  /** Hears what goes into modules. */
  @FunctionalInterface
  interface Listener {
    /**
     * @param group index of the modules in {@link #groups}
     * @param rows (n, features) in f32, of one micro-batch each; closed afterwards
     */
    void hear(int group, PtNDArray[] rows);
  }

  /** Rows and which of their tokens count. */
  record Chosen(TokenLayout rows, long[] positions) {}

  /**
   * Loads a base.
   *
   * @param tuner whose weights take the place of the base's
   * @param modules paths of linear layers; those outside of layers are left out
   */
  static LayerInputs open(
      ModelDirectory base, Tuner tuner, TrainingSetup recipe, Set<String> modules) {
    Family family = Family.of(base.config(), Dropouts.NONE);
    List<ReadValues> layers = new ArrayList<>();
    for (int i = 0; i < base.config().numHiddenLayers(); i++) {
      layers.add(ReadValues.of(base.config().layerPrefix(i), family.layer(i), modules));
    }
    Set<String> head =
        base.config().newHead().stream()
            .map(ModelConfig.Parameter::name)
            .collect(Collectors.toSet());
    Execution execution = recipe.execution();
    return DeviceMemory.open(
        execution,
        memory -> {
          ModelTensors tensors = new ModelTensors(execution.precision());
          new BaseWeights(base, recipe.quantization(), tuner)
              .load(memory, tensors, name -> !head.contains(name));
          Transformer model = Transformer.shown(family, memory, tensors, layers);
          return new LayerInputs(memory, model, ForwardPass.of(model, execution.plan()), layers);
        });
  }

  /** The modules in the order of the forward pass; those of a group read the same value. */
  List<List<String>> groups() {
    return layers.stream().flatMap(each -> each.modules().values().stream()).toList();
  }

  TokenLayout layout(MicroBatch batch) {
    return switch (batch) {
      case TokenBatch tokens -> inference.layout(tokens, false);
      case PairBatch pairs -> inference.layout(pairs.rows(), false);
      case LabelBatch labels -> inference.layout(labels.inputIds());
    };
  }

  /**
   * Lets rows through.
   *
   * @param wanted groups that are shown; layers behind the last of them are not computed
   */
  void show(List<Chosen> batches, Set<Integer> wanted, Listener listener) {
    List<IValue> current = new ArrayList<>();
    try (PtNDManager scope = memory.scope()) {
      List<BatchInputs> inputs = new ArrayList<>();
      try {
        for (Chosen each : batches) {
          inputs.add(inference.inputs(scope, each.rows(), each.positions()));
        }
        for (int b = 0; b < inputs.size(); b++) {
          try (IValue ids = IValue.from(inputs.get(b).ids())) {
            current.add(infer(model.stages().getFirst(), "_infer", ids, inputs.get(b)));
          }
        }
        int first = 0;
        for (int i = 0; i < layers.size() && isBehind(first, wanted); i++) {
          layer(i, first, inputs, current, wanted, listener);
          first += layers.get(i).modules().size();
        }
      } finally {
        inputs.forEach(BatchInputs::close);
      }
    } finally {
      current.forEach(IValue::close);
    }
  }

  private static boolean isBehind(int group, Set<Integer> wanted) {
    return wanted.stream().anyMatch(each -> each >= group);
  }

  /** One layer of all batches; what they give takes their place. */
  private void layer(
      int layer,
      int firstGroup,
      List<BatchInputs> inputs,
      List<IValue> current,
      Set<Integer> wanted,
      Listener listener) {
    Transformer.Stage stage = model.stages().get(layer + 1);
    int groups = layers.get(layer).modules().size();
    PtNDArray[][] shown = new PtNDArray[groups][inputs.size()];
    try (PtNDManager scope = memory.scope()) {
      for (int b = 0; b < inputs.size(); b++) {
        try (IValue x = current.get(b)) {
          if (groups == 0) {
            current.set(b, infer(stage, "_infer", x, inputs.get(b)));
            continue;
          }
          try (IValue both = infer(stage, "_inputs", x, inputs.get(b))) {
            IValue[] parts = both.toIValueTuple();
            current.set(b, parts[0]);
            try (IValue values = parts[1]) {
              PtNDArray[] arrays = values.toTensorArray(scope);
              for (int g = 0; g < groups; g++) shown[g][b] = arrays[g];
            }
          }
        }
      }
      for (int g = 0; g < groups; g++) {
        if (wanted.contains(firstGroup + g)) listener.hear(firstGroup + g, shown[g]);
      }
    }
  }

  private IValue infer(Transformer.Stage stage, String method, IValue x, BatchInputs inputs) {
    return model
        .module()
        .invoke(
            stage.program() + method,
            x,
            stage.weights(),
            inputs.context(),
            inputs.chunks(),
            inputs.windowed());
  }

  @Override
  public void close() {
    model.close();
    memory.close();
  }
}
