package dev.graft.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchContext;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.kernels.TorchThread;
import java.util.List;

/**
 * Checks whether this process can train: loads libtorch, compiles the kernels and computes a
 * product in each precision. A missing library or instruction may end the process, so the check
 * runs in a process of its own.
 */
public final class LibtorchCheck {
  private static final int SIZE = 8;

  /** Torch's numbers of f32 and bf16. */
  private static final long[] PRECISIONS = {6, 15};

  private static final String PRODUCT =
      """
        def product(self: __torch__.Model,
          x: Tensor,
          dtype: int) -> Tensor:
          y = torch.to(x, dtype, False, True)
          return torch.to(torch.mm(y, torch.t(y)), 6, False, True)
      """;

  /**
   * @param version of libtorch
   * @param devices that it sees: {@code cpu}, and {@code cuda:0} and so on
   */
  public record Result(String version, List<String> devices) {
    public Result {
      devices = List.copyOf(devices);
    }
  }

  private LibtorchCheck() {}

  /**
   * @throws IllegalStateException if a product is wrong
   */
  public static Result run() {
    TorchThread.prepare();
    List<String> devices = TorchContext.devices();
    for (String each : devices) check(TorchContext.device(each));
    return new Result(TorchThread.version(), devices);
  }

  private static void check(Device device) {
    try (PtNDManager manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
        TorchScriptModule module = Kernels.load(PRODUCT, device)) {
      for (long precision : PRECISIONS) {
        PtNDArray ones = (PtNDArray) manager.ones(new Shape(SIZE, SIZE));
        PtNDArray product = module.call(manager, "product", ones, precision).getFirst();
        for (float sum : product.toFloatArray()) {
          if (sum != SIZE)
            throw new IllegalStateException("libtorch computed a wrong product: " + sum);
        }
      }
    }
  }
}
