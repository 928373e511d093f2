package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.LayerTensors;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tensors of a model that are computed from others, at the start and after each update. */
final class DerivedTensors implements AutoCloseable {
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

  /** Null if nothing is computed. */
  private final @Nullable TorchScriptModule module;

  /**
   * @param tensors receive the new ones
   * @param shared whether other models use the tensors, so that a copy is written instead
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

  /** Returns the new tensors by name. */
  public Map<String, PtNDArray> fresh() {
    return Collections.unmodifiableMap(fresh);
  }

  /** Computes all tensors again after the others have changed. */
  public void compute() {
    if (module == null) return;
    for (Update each : updates) module.run(each.method(), each.into(), each.arguments());
  }

  @Override
  public void close() {
    if (module != null) module.close();
  }

  /**
   * A tensor computed from parameters. Layers read its value and add to its gradient as if it
   * trained; once per update autograd propagates that gradient to the parameters.
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

    /** Computes the value after the parameters have changed. */
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

    /** Discards its gradient. */
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
   * Copies of factors of low-rank paths in the element type of products. {@code torch.autocast}
   * rounds them in each forward; these are rounded when the factors change.
   */
  static final class RoundedFactors {
    private final DeviceMemory memory;
    private final PtNDArray[] exact;
    private final PtNDArray[] copies;

    /**
     * @param tensors receive the copies, which products read from then on
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

    /** Rounds the factors after they have changed. */
    public void compute() {
      if (exact.length > 0) memory.run("copy_all", copies, exact);
    }
  }
}
