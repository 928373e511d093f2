package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.Concurrent;
import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.BlockScales;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a device makes of quantised weights, against plain Java, to the bit. */
@Concurrent
class QuantisedTests {
  private static final String PROGRAM =
      """
        def four_bit(self: __torch__.Model,
          packed: Tensor,
          pairs: Tensor,
          absmax: Tensor,
          block: int,
          shape: List[int],
          kind: int) -> Tensor:
          return __torch__.quantised.four_bit(packed, pairs, absmax, block, shape, kind, 6)
        def scales(self: __torch__.Model,
          codes: Tensor,
          map: Tensor,
          nested: Tensor,
          offset: Tensor,
          block: int) -> Tensor:
          return __torch__.quantised.scales(codes, map, nested, offset, block)
        def eight_bit(self: __torch__.Model,
          values: Tensor,
          scb: Tensor) -> Tensor:
          return __torch__.quantised.eight_bit(values, scb, 6)
      """;

  private static float[] random(int size) {
    var random = new SplittableRandom(size);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) values[i] = (float) random.nextGaussian();
    return values;
  }

  @Test
  void fourBitsAreWhatJavaMakesOfThem() {
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(PROGRAM, Device.cpu())) {
      for (int size : new int[] {1, 2, 63, 64, 65, 129, 128 * 64, 20_001}) {
        for (FourBitType type : FourBitType.values()) {
          for (Dtype dtype : new Dtype[] {Dtype.F32, Dtype.F16, Dtype.BF16}) {
            var info = new TensorInfo("w", dtype, new long[] {size});
            FourBitTensor weight = FourBitTensor.quantise(info, random(size), type, true);
            PtNDArray device = fourBits(tensors, module, weight);
            assertThat(device.toFloatArray())
                .as("%d x %s from %s", size, type, dtype)
                .containsExactly(weight.toFloats());
          }
        }
      }
    }
  }

  private static PtNDArray fourBits(
      Tensors tensors, TorchScriptModule module, FourBitTensor weight) {
    var nested = (BlockScales.Nested) weight.absmax();
    PtNDArray scales =
        module
            .call(
                tensors.manager(),
                "scales",
                bytes(tensors, nested.codes(), DataType.UINT8, nested.codes().length),
                (PtNDArray) tensors.manager().create(nested.map()),
                (PtNDArray) tensors.manager().create(nested.absmax()),
                (PtNDArray) tensors.manager().create(new float[] {nested.offset()}),
                nested.blockSize())
            .getFirst();
    assertThat(scales.toFloatArray()).containsExactly(nested.values());
    int kind = weight.dtype() == Dtype.F32 ? 6 : weight.dtype() == Dtype.F16 ? 5 : 15;
    return module
        .call(
            tensors.manager(),
            "four_bit",
            bytes(tensors, weight.packed(), DataType.UINT8, weight.packed().length),
            (PtNDArray) tensors.manager().create(weight.pairs(), new Shape(256, 2)),
            scales,
            weight.blockSize(),
            weight.shape(),
            kind)
        .getFirst();
  }

  @Test
  void eightBitsAreWhatJavaMakesOfThem() {
    float[] values = random(24 * 7);
    MemorySegment data = MemorySegment.ofArray(values);
    var info = new TensorInfo("w", Dtype.F32, new long[] {24, 7});
    Int8Tensor weight = Int8Tensor.quantise(new MappedTensor(info, data));
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(PROGRAM, Device.cpu())) {
      PtNDArray device =
          module
              .call(
                  tensors.manager(),
                  "eight_bit",
                  bytes(tensors, weight.values(), DataType.INT8, 24, 7),
                  (PtNDArray) tensors.manager().create(weight.scb()))
              .getFirst();
      assertThat(device.toFloatArray()).containsExactly(weight.toFloats());
    }
  }

  private static PtNDArray bytes(Tensors tensors, byte[] values, DataType type, long... shape) {
    ByteBuffer direct = ByteBuffer.allocateDirect(values.length).put(values).flip();
    return (PtNDArray) tensors.manager().create(direct, new Shape(shape), type);
  }
}
