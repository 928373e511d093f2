package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.Tensors;
import dev.graft.kernels.TorchScriptModule;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CascadeSumTests {
  private static final String MEAN =
      """
        def mean(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.mean(x)
      """;

  @Test
  void theMeanIsThatOfTorchToTheBit() {
    var random = new SplittableRandom(2);
    // Torch shares a sum among threads from 32768 elements on, with another result.
    int[] sizes =
        IntStream.concat(IntStream.range(1, 600), IntStream.of(1023, 4096, 16_384, 20_000, 32_767))
            .toArray();
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(MEAN, Device.cpu())) {
      for (int size : sizes) {
        float[] x = new float[size];
        for (int i = 0; i < size; i++) x[i] = (float) Math.abs(random.nextGaussian());
        try (PtNDArray array = (PtNDArray) tensors.manager().create(x)) {
          float torch = module.call(tensors.manager(), "mean", array).getFirst().getFloat();
          assertThat(FourBitTensor.BlockScales.CascadeSum.mean(x))
              .as("%d elements", size)
              .isEqualTo(torch);
        }
      }
    }
  }
}
