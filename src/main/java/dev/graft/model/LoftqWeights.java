package dev.graft.model;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.spec.LoraInit.Loftq;
import dev.graft.spec.Quantization;
import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.StoredWeight;
import dev.graft.weights.TensorInfo;
import java.util.HashMap;
import java.util.Map;

/**
 * LoftQ (Li et al. 2023): weights are quantised without what the factors hold, and factors are what
 * that loses, in turns; as in PEFT, factors know nothing of the scale. All matrices are (out, in).
 */
final class LoftqWeights {
  private final Loftq settings;

  /** Factors of the turn before the last, by weight: what the quantised numbers follow from. */
  private final Map<String, FactorPair> before = new HashMap<>();

  LoftqWeights(Loftq settings) {
    this.settings = settings;
  }

  /** The factors of the last turn. */
  FactorPair factors(LinearAlgebra algebra, MappedTensor weight, int r) {
    TensorInfo exact = new TensorInfo(weight.name(), Dtype.F32, weight.shape());
    float[] values = weight.toFloats();
    FactorPair factors = next(algebra, exact, values, values, r);
    for (int turn = 1; turn < settings.iterations(); turn++) {
      before.put(weight.name(), factors);
      factors = next(algebra, exact, values, without(values, factors, r), r);
    }
    return factors;
  }

  /** The weight that takes the place of the base's, rounded to its type. */
  StoredWeight quantised(MappedTensor weight, int r) {
    if (settings.iterations() == 1) return quantised(weight.info(), weight.toFloats());
    if (!before.containsKey(weight.name())) {
      try (LinearAlgebra algebra = new LinearAlgebra()) {
        factors(algebra, weight, r);
      }
    }
    FactorPair factors = before.get(weight.name());
    if (factors == null) throw new IllegalStateException(weight.name());
    return quantised(weight.info(), without(weight.toFloats(), factors, r));
  }

  private StoredWeight quantised(TensorInfo info, float[] values) {
    return switch (quantization()) {
      case Quantization.FourBit(_, boolean nested) ->
          FourBitTensor.quantise(info, values, FourBitType.NF4, nested);
      case Quantization.EightBit() -> Int8Tensor.quantise(info, values);
    };
  }

  /** How every weight is quantised: in 4 bits as NF4. */
  Quantization quantization() {
    return settings.bits() == 4
        ? new Quantization.FourBit(Quantization.QuantType.NF4, false)
        : new Quantization.EightBit();
  }

  /** What is lost in numbers, as its r largest singular values and their vectors. */
  private FactorPair next(
      LinearAlgebra algebra, TensorInfo info, float[] weight, float[] numbers, int r) {
    int out = (int) info.shape()[0];
    int in = (int) info.shape()[1];
    float[] lost = quantised(info, numbers).toFloats();
    for (int i = 0; i < lost.length; i++) lost[i] = weight[i] - lost[i];
    return FactorPair.largest(algebra.svd(lost, out, in), r, in, out, 1);
  }

  /** W - B A. */
  private static float[] without(float[] weight, FactorPair factors, int r) {
    int in = factors.a().length / r;
    float[] left = weight.clone();
    new WeightMatrix(WeightRows.whole(left), left.length / in, in, false)
        .add(r, factors.a(), factors.b(), -1);
    return left;
  }
}
