package dev.graft.model;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.LoraInit.Loftq;
import dev.graft.spec.Quantization;
import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.StoredWeight;
import dev.graft.weights.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Start values of LoRA's factors that need linear algebra: parts of the base's weights, or
 * orthogonal matrices.
 */
final class BaseFactors {
  private final Lora method;
  private final ModelDirectory base;
  private final List<Linear> modules;
  private final @Nullable LoftqWeights loftq;
  private @Nullable List<NamedTensor> made;
  private long madeFrom;

  BaseFactors(Lora method, List<Linear> modules, ModelDirectory base) {
    this.method = method;
    this.modules = List.copyOf(modules);
    this.base = base;
    loftq =
        method.initLoraWeights() instanceof LoraInit.Loftq settings
            ? new LoftqWeights(settings)
            : null;
  }

  /**
   * Returns A and B of every module by the names of their slots. Equal seeds give equal bits on the
   * same instruction set, thread count and libtorch.
   *
   * @throws IllegalArgumentException if a module is smaller than the rank, or quantised
   */
  List<NamedTensor> of(long seed) {
    if (made != null && madeFrom == seed) return made;
    List<NamedTensor> all = new ArrayList<>();
    try (LinearAlgebra algebra = new LinearAlgebra()) {
      for (Linear each : modules) {
        int r = method.rank(each.path());
        FactorPair pair = pair(algebra, each, r, seed);
        String path = each.path();
        all.add(NamedTensor.of(path + LoraTuner.A, pair.a(), r, each.inFeatures()));
        all.add(NamedTensor.of(path + LoraTuner.B, pair.b(), each.outFeatures(), r));
      }
    }
    made = all;
    madeFrom = seed;
    return all;
  }

  private FactorPair pair(LinearAlgebra algebra, Linear module, int r, long seed) {
    return switch (method.initLoraWeights()) {
      case LoraInit.Pissa(int iterations) -> pissa(algebra, module, r, iterations, seed);
      case LoraInit.Olora() -> olora(algebra, module, r);
      case LoraInit.Orthogonal() -> orthogonal(algebra, module, r, seed);
      case LoraInit.Loftq _ -> Objects.requireNonNull(loftq).factors(algebra, stored(module, r), r);
      case LoraInit.Standard _, LoraInit.Random _, LoraInit.Gaussian _, LoraInit.Eva _ ->
          throw new IllegalStateException(method.initLoraWeights() + " needs no algebra");
    };
  }

  /** B A is the part of the weight with the r largest singular values, divided by the scale. */
  private FactorPair pissa(LinearAlgebra algebra, Linear module, int r, int iterations, long seed) {
    int in = module.inFeatures();
    int out = module.outFeatures();
    float[] weight = weight(module, r);
    LinearAlgebra.Svd svd;
    if (iterations == 0) {
      svd = algebra.svd(weight, out, in);
    } else {
      float[] start = normal(Starts.random(seed, module.path()), Math.min(in, out) * r);
      svd = algebra.svdLowRank(weight, out, in, start, iterations);
    }
    return FactorPair.largest(svd, r, in, out, method.scale(module.path()));
  }

  /** B has the first columns of Q and A the first rows of R, of the weight's QR decomposition. */
  private FactorPair olora(LinearAlgebra algebra, Linear module, int r) {
    int in = module.inFeatures();
    int out = module.outFeatures();
    LinearAlgebra.Qr qr = algebra.qr(weight(module, r), out, in);
    int k = Math.min(in, out);
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    System.arraycopy(qr.r(), 0, a, 0, a.length);
    for (int o = 0; o < out; o++) System.arraycopy(qr.q(), o * k, b, o * r, r);
    return new FactorPair(a, b);
  }

  /** Random combinations of the odd rows of an orthogonal matrix, and of its even rows: B A = 0. */
  private FactorPair orthogonal(LinearAlgebra algebra, Linear module, int r, long seed) {
    SplittableRandom random = Starts.random(seed, module.path());
    float[] q = algebra.qr(normal(random, r * r), r, r).q();
    int half = r / 2;
    int in = module.inFeatures();
    int out = module.outFeatures();
    float[] left = normal(random, in * half);
    float[] right = normal(random, half * out);
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    for (int j = 0; j < r; j++) {
      for (int i = 0; i < in; i++) {
        double sum = 0;
        for (int h = 0; h < half; h++) sum += (double) left[i * half + h] * q[2 * h * r + j];
        a[j * in + i] = (float) (sum / 10);
      }
      for (int o = 0; o < out; o++) {
        double sum = 0;
        for (int h = 0; h < half; h++) sum += (double) right[h * out + o] * q[(2 * h + 1) * r + j];
        b[o * r + j] = (float) (sum / 10);
      }
    }
    return new FactorPair(a, b);
  }

  /** Returns the weight that replaces that of a module; null = it stays as it is. */
  @Nullable StoredWeight requantised(Linear module) {
    if (loftq == null) return null;
    int r = method.rank(module.path());
    return loftq.quantised(stored(module, r), r);
  }

  /**
   * Returns the quantisation of that weight.
   *
   * @throws IllegalArgumentException if the module is smaller than the rank, or quantised
   */
  @Nullable Quantization requantisedAs(Linear module) {
    if (loftq == null) return null;
    plain(module, method.rank(module.path()));
    return loftq.quantization();
  }

  private static float[] normal(SplittableRandom random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) values[i] = (float) random.nextGaussian();
    return values;
  }

  private float[] weight(Linear module, int r) {
    return stored(module, r).toFloats();
  }

  /** Returns the weight as (out, in). */
  private MappedTensor stored(Linear module, int r) {
    MappedTensor plain = plain(module, r);
    return module.conv1d() ? plain.transposed() : plain;
  }

  /** Returns the weight as the checkpoint stores it. */
  private MappedTensor plain(Linear module, int r) {
    int in = module.inFeatures();
    int out = module.outFeatures();
    if (r > Math.min(in, out)) {
      throw new IllegalArgumentException(
          "r: init_lora_weights \"%s\" allows at most %d for %s, but r is %d"
              .formatted(method.initLoraWeights().wireName(), Math.min(in, out), module.path(), r));
    }
    long[] shape = module.conv1d() ? new long[] {in, out} : new long[] {out, in};
    Kind kind = module.conv1d() ? Kind.CONV1D : Kind.LINEAR;
    if (base.weights().stored(new Parameter(module.path() + ".weight", shape, kind))
        instanceof MappedTensor plain) {
      return plain;
    }
    throw new IllegalArgumentException(
        "init_lora_weights: \"%s\" needs a base that is not quantised"
            .formatted(method.initLoraWeights().wireName()));
  }

  /**
   * LoftQ (Li et al. 2023): alternately quantises the weight less the product of the factors, and
   * computes the factors of the quantisation error; as in PEFT, the factors ignore the scale. All
   * matrices are (out, in).
   */
  private static final class LoftqWeights {
    private final Loftq settings;

    /** Factors of the last but one iteration, by weight: the quantised numbers follow from them. */
    private final Map<String, FactorPair> before = new HashMap<>();

    LoftqWeights(Loftq settings) {
      this.settings = settings;
    }

    /** Returns the factors of the last iteration. */
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

    /** Returns the weight that replaces that of the base, rounded to its type. */
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

    /** Returns the quantisation of every weight: NF4, or eight bits. */
    Quantization quantization() {
      return settings.bits() == 4
          ? new Quantization.FourBit(Quantization.QuantType.NF4, false)
          : new Quantization.EightBit();
    }

    /** Returns the quantisation error as its r largest singular values and their vectors. */
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
      new WeightMatrix(Tuner.WeightRows.whole(left), left.length / in, in, false)
          .add(r, factors.a(), factors.b(), -1);
      return left;
    }
  }

  /**
   * Factors of one module.
   *
   * @param a (r, in)
   * @param b (out, r)
   */
  private record FactorPair(float[] a, float[] b) {
    /** B A is the part of a matrix with the r largest singular values, divided by the scale. */
    static FactorPair largest(LinearAlgebra.Svd svd, int r, int in, int out, double scale) {
      float[] a = new float[r * in];
      float[] b = new float[out * r];
      int k = svd.s().length;
      for (int j = 0; j < r; j++) {
        float root = (float) Math.sqrt(svd.s()[j] / scale);
        for (int i = 0; i < in; i++) a[j * in + i] = root * svd.vh()[j * in + i];
        for (int o = 0; o < out; o++) b[o * r + j] = svd.u()[o * k + j] * root;
      }
      return new FactorPair(a, b);
    }
  }
}
