package dev.graft.training.bench;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.training.Execution;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.TorchScriptModule;
import dev.graft.training.model.device.DeviceMemory;
import dev.graft.weights.config.ModelConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Time of the matrix products of a step, each shape measured alone: no step can be faster. */
final class GemmBound {
  private static final int REPEATS = 5;

  private static final String MEASURED =
      """
        def forward_product(self: __torch__.Model,
          x: Tensor,
          w: Tensor) -> Tensor:
          return torch.mm(x, torch.t(w))
        def input_product(self: __torch__.Model,
          g: Tensor,
          w: Tensor) -> Tensor:
          return torch.mm(g, w)
        def weight_product(self: __torch__.Model,
          g: Tensor,
          x: Tensor) -> Tensor:
          return torch.mm(torch.t(g), x)
      """;

  private GemmBound() {}

  /**
   * @param rows tokens of a step
   * @param full whether the weights train too
   */
  static double seconds(Execution execution, ModelConfig config, int rows, boolean full) {
    List<ModelConfig.Linear> linears = new ArrayList<>(config.linearModules());
    long[] embedding = config.parameters().getFirst().shape();
    linears.add(new ModelConfig.Linear("head", (int) embedding[0], (int) embedding[1], false));
    Map<List<Integer>, Double> measured = new HashMap<>();
    try (DeviceMemory memory = DeviceMemory.open(execution);
        TorchScriptModule module = Kernels.load(MEASURED, memory.device())) {
      double total = 0;
      for (ModelConfig.Linear each : linears) {
        total +=
            measured.computeIfAbsent(
                List.of(each.outFeatures(), each.inFeatures()),
                shape -> measure(memory, module, rows, shape.get(0), shape.get(1), full));
      }
      return total;
    }
  }

  private static double measure(
      DeviceMemory memory, TorchScriptModule module, int rows, int out, int in, boolean full) {
    try (PtNDArray x = matrix(memory, rows, in);
        PtNDArray g = matrix(memory, rows, out);
        PtNDArray w = matrix(memory, out, in)) {
      double seconds = best(module, "forward_product", x, w) + best(module, "input_product", g, w);
      return full ? seconds + best(module, "weight_product", g, x) : seconds;
    }
  }

  private static PtNDArray matrix(DeviceMemory memory, long rows, long columns) {
    try (PtNDArray flat = memory.zeros(rows * columns)) {
      return memory.part(flat, 0, rows, columns);
    }
  }

  private static double best(TorchScriptModule module, String method, PtNDArray a, PtNDArray b) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < REPEATS; i++) {
      long start = System.nanoTime();
      module.run(method, a, b);
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }
}
