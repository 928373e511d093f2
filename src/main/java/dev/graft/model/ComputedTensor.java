package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.weights.NamedTensor;

/**
 * A tensor that parameters compute. The layers read its value and add to its gradient as if it
 * trained; once an update autograd takes that gradient on to the parameters.
 */
final class ComputedTensor implements AutoCloseable {
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

  public ComputedTensor(DeviceMemory memory, Computed computed, Parameters of) {
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
