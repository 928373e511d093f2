package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.Concurrent;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products in f32, by oneDNN and by a libtorch that lacks it, against the same in f64. */
@Concurrent
class ProductTests {
  private static final String METHODS =
      """
        def narrow(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.to(x, 6)
        def turned(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          sum: Tensor) -> Tensor:
          return torch.to(__torch__.ops.product.turned(x, w), 7)
        def turned_bias(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          sum: Tensor) -> Tensor:
          return torch.to(__torch__.ops.product.turned_bias(x, w, torch.select(sum, 0, 0)), 7)
        def plain(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          sum: Tensor) -> Tensor:
          return torch.to(__torch__.ops.product.plain(x, torch.contiguous(torch.t(w))), 7)
        def added(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          sum: Tensor) -> Tensor:
          return torch.to(__torch__.ops.product.added(torch.clone(sum), x, torch.contiguous(torch.t(w))), 7)
        def rows(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.t(torch.contiguous(torch.t(x)))
      """;

  @ParameterizedTest
  @CsvSource({
    "true, turned, 63",
    "true, turned, 64",
    "true, turned_bias, 63",
    "true, turned_bias, 64",
    "true, plain, 1",
    "true, plain, 70",
    "true, added, 70",
    "false, turned, 64",
    "false, turned_bias, 64",
    "false, plain, 70",
    "false, added, 70"
  })
  void anF32ProductIsThatOfF64(boolean byOneDnn, String method, int rows) {
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(METHODS, Device.cpu(), byOneDnn)) {
      PtNDArray x = tensors.random(rows, 24);
      PtNDArray w = tensors.random(40, 24);
      PtNDArray sum = tensors.random(rows, 40);
      double[] exact = module.call(tensors.manager(), method, x, w, sum).getFirst().toDoubleArray();
      PtNDArray[] narrow =
          new PtNDArray[] {
            narrow(tensors, module, x), narrow(tensors, module, w), narrow(tensors, module, sum)
          };
      for (PtNDArray given : new PtNDArray[] {narrow[0], strided(tensors, module, narrow[0])}) {
        PtNDArray y =
            module.call(tensors.manager(), method, given, narrow[1], narrow[2]).getFirst();
        assertThat(y.toDoubleArray()).containsExactly(exact, within(1e-5));
      }
    }
  }

  private static PtNDArray narrow(Tensors tensors, TorchScriptModule module, PtNDArray x) {
    return module.call(tensors.manager(), "narrow", x).getFirst();
  }

  /** The same numbers, column by column. */
  private static PtNDArray strided(Tensors tensors, TorchScriptModule module, PtNDArray x) {
    return module.call(tensors.manager(), "rows", x).getFirst();
  }
}
