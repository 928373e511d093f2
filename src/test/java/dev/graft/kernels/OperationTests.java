package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.Concurrent;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation in f64: backward against autograd over the definition, and finite differences.
 */
@Concurrent
class OperationTests {
  static Stream<Operation> operations() {
    return Operation.all();
  }

  @ParameterizedTest
  @MethodSource("operations")
  void backwardIsTheDerivativeOfForward(Operation operation) {
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(operation.program(), Device.cpu())) {
      PtNDArray[] inputs =
          Arrays.stream(operation.inputs()).map(tensors::random).toArray(PtNDArray[]::new);
      PtNDArray[] others = operation.others(tensors);
      PtNDArray y = module.call(tensors.manager(), "forward", inputs, others).getFirst();
      PtNDArray plain = module.call(tensors.manager(), "reference", inputs, others).getFirst();
      assertThat(y.toDoubleArray()).containsExactly(plain.toDoubleArray(), within(1e-12));

      PtNDArray g = tensors.random(y.getShape().getShape());
      List<PtNDArray> ours = module.call(tensors.manager(), "backward", inputs, others, g);
      List<PtNDArray> theirs = module.call(tensors.manager(), "autograd", inputs, others, g);
      for (int n = 0; n < inputs.length; n++) {
        assertThat(ours.get(n).toDoubleArray())
            .as("input %d against autograd", n)
            .containsExactly(theirs.get(n).toDoubleArray(), within(1e-12));
        PtNDArray direction = tensors.random(inputs[n].getShape().getShape());
        double slope = 0;
        for (int side : new int[] {1, -1}) {
          PtNDArray[] moved = inputs.clone();
          moved[n] = tensors.moved(inputs[n], direction, side * 1e-6);
          PtNDArray there = module.call(tensors.manager(), "forward", moved, others).getFirst();
          slope += side * Tensors.dot(there, g) / 2e-6;
        }
        assertThat(Tensors.dot(ours.get(n), direction))
            .as("input %d against finite differences", n)
            .isCloseTo(slope, within(1e-7));
      }
    }
  }
}
