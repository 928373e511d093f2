package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.LayerTensors;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.model.DeviceMemory.TensorTable;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
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
  private final Parameters.StepRule rule;
  private final LossScale lossScale;

  /** What does not train, but belongs to the result of the method. */
  private final TensorTable kept;

  /** What a checkpoint holds beside that. */
  private final TensorTable remembered;

  private DeviceMemory.Readout.@Nullable Numbers regulariser;

  TunerState(
      DeviceMemory memory,
      Tuner tuner,
      Parameters parameters,
      @Nullable ComputedTensor computed,
      RoundedFactors rounded,
      DerivedTensors derived,
      Parameters.StepRule rule,
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

  Tuner.@Nullable OutputPart outputPart() {
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

  Tuner.SavedResult result(AdapterMethod method) {
    DeviceMemory.DeviceTensors values = parameters.values().and(kept.read()).and(remembered.read());
    Tuner.SavedResult converted = tuner.converted(values);
    return converted != null ? converted : new Tuner.SavedResult(method, saved());
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

  /**
   * A tensor that parameters compute. The layers read its value and add to its gradient as if it
   * trained; once an update autograd takes that gradient on to the parameters.
   */
  static final class ComputedTensor implements AutoCloseable {
    private static final String METHODS =
        """
          def compute(self: __torch__.Model,
            into: Tensor,
            w: List[Tensor]) -> int:
            _0 = torch.copy_(into, %1$s(w))
            return 0
          def backward(self: __torch__.Model,
            g: Tensor,
            w: List[Tensor],
            gradients: List[Tensor]) -> int:
            _0 = torch.set_grad_enabled(True)
            leaves = annotate(List[Tensor], [])
            for i in range(torch.len(w)):
              _1 = torch.append(leaves, torch.requires_grad_(torch.detach(w[i]), True))
            y = %1$s(leaves)
            d = torch.autograd.grad([y], leaves, annotate(List[Optional[Tensor]], [g]), False, False, False)
            _2 = torch.set_grad_enabled(False)
            for j in range(torch.len(d)):
              _3 = torch.add_(gradients[j], unchecked_cast(Tensor, d[j]))
            _4 = torch.zero_(g)
            return 0
        """;

    private final DeviceMemory memory;
    private final String name;
    private final TorchScriptModule module;
    private final PtNDArray value;
    private final PtNDArray gradient;
    private final PtNDArray[] parameters;
    private final PtNDArray[] gradients;

    public ComputedTensor(DeviceMemory memory, Tuner.Computed computed, Parameters of) {
      this.memory = memory;
      name = computed.name();
      module = Kernels.load(METHODS.formatted(computed.function()), memory.device());
      value = memory.zeros(computed.shape());
      gradient = memory.zeros(computed.shape());
      parameters = computed.slots().stream().map(of::value).toArray(PtNDArray[]::new);
      gradients = computed.slots().stream().map(of::gradient).toArray(PtNDArray[]::new);
    }

    public PtNDArray value() {
      return value;
    }

    public PtNDArray gradient() {
      return gradient;
    }

    /** After the parameters have changed. */
    public void compute() {
      module.run("compute", value, parameters);
    }

    /** Adds to the gradients of the parameters and zeroes its own. */
    public void backward() {
      try {
        module.run("backward", gradient, parameters, gradients);
      } finally {
        JniUtils.setGradMode(false); // the method leaves it on when it throws
      }
    }

    /** Forgets its gradient. */
    public void discard() {
      memory.zero(gradient);
    }

    public NamedTensor named() {
      return memory.named(name, value);
    }

    @Override
    public void close() {
      module.close();
    }
  }

  /**
   * Copies of factors of low-rank paths in the element type of products: what {@code
   * torch.autocast} rounds in each forward, rounded when the factors change instead.
   */
  static final class RoundedFactors {
    private final DeviceMemory memory;
    private final PtNDArray[] exact;
    private final PtNDArray[] copies;

    /**
     * @param tensors get the copies: products read them from then on
     * @param names of the factors
     */
    public RoundedFactors(DeviceMemory memory, ModelTensors tensors, Collection<String> names) {
      this.memory = memory;
      List<String> all = names.stream().sorted().toList();
      exact = all.stream().map(tensors::require).toArray(PtNDArray[]::new);
      copies = new PtNDArray[exact.length];
      for (int i = 0; i < exact.length; i++) {
        copies[i] = memory.empty(exact[i].getShape().getShape(), tensors.kind());
        tensors.putRounded(all.get(i), exact[i], copies[i]);
      }
    }

    /** After the factors have changed. */
    public void compute() {
      if (exact.length > 0) memory.module().run("copy_all", copies, exact);
    }
  }

  /**
   * How many times too large gradients are computed, so that the small ones are not 0 in f16: a
   * power of two, that of {@code torch.amp.GradScaler}. It doubles after 2,000 updates, and is
   * halved where gradients overflow. Unlike there, the step is then made again, so that no row is
   * left out.
   */
  static final class LossScale {
    private static final double FIRST = 1 << 16;
    private static final double MOST = 1 << 24;
    private static final int GROWS_AFTER = 2_000;

    private final DeviceMemory memory;
    private final Map<String, PtNDArray> state;
    private double value;
    private long updates;

    private LossScale(DeviceMemory memory, Map<String, PtNDArray> state, double value) {
      this.memory = memory;
      this.state = state;
      this.value = value;
    }

    /** 1 for ever in all types but f16. */
    public static LossScale of(DeviceMemory memory, Precision precision) {
      return precision == Precision.F16
          ? new LossScale(memory, Map.of("loss_scale", memory.zeros(2)), FIRST)
          : new LossScale(memory, Map.of(), 1);
    }

    public double value() {
      return value;
    }

    /** An update was made of gradients with it. */
    public void updated() {
      if (state.isEmpty() || ++updates < GROWS_AFTER) return;
      updates = 0;
      value = Math.min(2 * value, MOST);
    }

    /**
     * After gradients that are not finite.
     *
     * @return whether it is lower now
     */
    public boolean lower() {
      if (value <= 1) return false;
      value /= 2;
      updates = 0;
      return true;
    }

    /** What a checkpoint has of it, as it is when {@link #write} was called. */
    public Map<String, PtNDArray> state() {
      return state;
    }

    /** Puts what it is into its state. */
    public void write() {
      state.forEach(
          (name, tensor) ->
              memory.fill(
                  tensor, NamedTensor.of(name, new float[] {(float) value, (float) updates}, 2)));
    }

    /** Becomes what its state is. */
    public void read() {
      for (PtNDArray each : state.values()) {
        float[] values = each.toFloatArray();
        value = values[0];
        updates = (long) values[1];
      }
    }
  }

  /**
   * The tensors of a model that follow from others: computed at the start and after each update.
   */
  static final class DerivedTensors implements AutoCloseable {
    private static final String METHOD =
        """
          def derive%d(self: __torch__.Model,
            into: Tensor,
            w: List[Tensor]) -> int:
            _0 = %s
            return 0
        """;

    private record Update(String method, PtNDArray into, PtNDArray[] arguments) {}

    private final List<Update> updates = new ArrayList<>();
    private final Map<String, PtNDArray> fresh = new LinkedHashMap<>();

    /** Null where nothing is computed. */
    private final @Nullable TorchScriptModule module;

    /** Of a model with tensors of its own: they are written into. */
    public DerivedTensors(DeviceMemory memory, ModelTensors tensors, List<Tuner.Derived> derived) {
      this(memory, tensors, derived, false);
    }

    /**
     * @param tensors get those that are new
     * @param shared whether other models have the tensors, too: a copy is written into
     */
    public DerivedTensors(
        DeviceMemory memory, ModelTensors tensors, List<Tuner.Derived> derived, boolean shared) {
      Map<String, String> methods = new LinkedHashMap<>();
      StringBuilder text = new StringBuilder();
      for (Tuner.Derived each : derived) {
        LayerTensors read = LayerTensors.named(each.of(), tensors::exactForm);
        List<String> arguments = new ArrayList<>();
        arguments.add("into");
        for (String name : each.of()) arguments.add(read.text(name));
        String update = each.update().formatted(arguments.toArray());
        String method = methods.get(update);
        if (method == null) {
          method = "derive" + methods.size();
          text.append(METHOD.formatted(methods.size(), update));
          methods.put(update, method);
        }
        if (shared || !tensors.contains(each.name())) {
          PtNDArray own =
              tensors.contains(each.name())
                  ? memory.copyOf(tensors.require(each.name()))
                  : memory.zeros(each.shape());
          fresh.put(each.name(), own);
          tensors.put(each.name(), own);
        }
        updates.add(
            new Update(
                method,
                tensors.require(each.name()),
                read.names().stream().map(tensors::require).toArray(PtNDArray[]::new)));
      }
      module = text.isEmpty() ? null : Kernels.load(text.toString(), memory.device());
    }

    /** Those that the model got, by name. */
    public Map<String, PtNDArray> fresh() {
      return Collections.unmodifiableMap(fresh);
    }

    /** After the others have changed. */
    public void compute() {
      if (module == null) return;
      for (Update each : updates) module.run(each.method(), each.into(), each.arguments());
    }

    @Override
    public void close() {
      if (module != null) module.close();
    }
  }
}
