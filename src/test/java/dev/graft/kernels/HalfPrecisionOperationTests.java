package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.Concurrent;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation of layers on activations in bf16 beside parameters in f32: what it is in f64 on
 * the same numbers, up to rounding, with gradients of the types of their values.
 */
@Concurrent
class HalfPrecisionOperationTests {
  private static final double F32 = 6;
  private static final double BF16 = 15;

  /** Of parameters alone. */
  private static final Set<String> NONE =
      Set.of("embedding", "rows of a table that train", "distance of factors from orthogonal ones");

  /** Output and gradients as f64, each followed by the number of its type. */
  private static final String METHOD =
      """
      def rounded(self: __torch__.Model,
        i: List[Tensor],
        o: List[Tensor],
        g: Tensor,
        half: int,
        exact: bool) -> List[Tensor]:
        a = annotate(List[Tensor], [])
        for n in range(torch.len(i)):
          if torch.lt(n, half):
            x = torch.to(i[n], 15)
          else:
            x = torch.to(i[n], 6)
          _1 = torch.append(a, x)
        b = annotate(List[Tensor], [])
        for m in range(torch.len(o)):
          if ops.prim.dtype(o[m]) == 7:
            z = torch.to(o[m], 6)
          else:
            z = o[m]
          _2 = torch.append(b, z)
        if exact:
          a0 = annotate(List[Tensor], [])
          for k in range(torch.len(a)):
            _3 = torch.append(a0, torch.to(a[k], 7))
          b0 = o
        else:
          a0 = a
          b0 = b
        y = (self).forward(a0, b0, )
        d = (self).backward(a0, b0, torch.to(torch.to(g, 15), ops.prim.dtype(y)), )
        r = annotate(List[Tensor], [])
        for p in range(torch.add(torch.len(d), 1)):
          if torch.eq(p, 0):
            v = y
          else:
            v = d[torch.sub(p, 1)]
          _4 = torch.append(r, torch.to(v, 7))
          _5 = torch.append(r, torch.full([1], ops.prim.dtype(v), dtype=7, layout=None, device=ops.prim.device(v), pin_memory=None))
        return r
      """
          .indent(2);

  static Stream<Operation> operations() {
    return Operation.all().filter(each -> !NONE.contains(each.name()));
  }

  /** How many of the inputs are activations; they come first. */
  private static int activations(Operation operation) {
    if (operation.name().contains("attention") || operation.name().contains("-efficient")) return 3;
    return operation.name().equals("low_rank") ? 2 : 1;
  }

  @ParameterizedTest
  @MethodSource("operations")
  void isTheOperationUpToRounding(Operation operation) {
    int half = activations(operation);
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(operation.program() + METHOD, Device.cpu())) {
      PtNDArray[] inputs =
          Arrays.stream(operation.inputs()).map(tensors::random).toArray(PtNDArray[]::new);
      PtNDArray[] others = operation.others(tensors);
      PtNDArray y = module.call(tensors.manager(), "forward", inputs, others).getFirst();
      PtNDArray g = tensors.random(y.getShape().getShape());
      List<PtNDArray> exact =
          module.call(tensors.manager(), "rounded", inputs, others, g, half, true);
      List<PtNDArray> rounded =
          module.call(tensors.manager(), "rounded", inputs, others, g, half, false);
      for (int n = 0; n <= inputs.length; n++) {
        String what = n == 0 ? "output" : "gradient of input " + (n - 1);
        double[] expected = exact.get(2 * n).toDoubleArray();
        assertThat(rounded.get(2 * n).toDoubleArray())
            .as(what)
            .containsExactly(expected, within(0.03));
        boolean scored = n == 0 && operation.name().startsWith("token_logp");
        assertThat(rounded.get(2 * n + 1).toDoubleArray())
            .as("type of %s", what)
            .containsExactly(n <= half && !scored ? BF16 : F32);
      }
    }
  }
}
