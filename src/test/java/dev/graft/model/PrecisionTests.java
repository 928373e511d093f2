package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.Concurrent;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Quantization;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Concurrent
public class PrecisionTests {
  private static final Path LLAMA = Path.of("src/test/resources/parity/models/llama");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
  private static final AdapterMethod LORA =
      new Lora(4, 8, 0.1, new TargetModules.AllLinear()).startingAs(new LoraInit.Random());

  /** 1 + 2^-9: bf16 has 8 bits after the point, and makes 1 of it. */
  private static final float BELOW_BF16 = 1.001953125f;

  /** Multiplies in the type of the weight, here from f32 rows to f32 rows. */
  private static final String PRODUCTS =
      """
        def up(self: __torch__.Model, x: Tensor, dtype: int) -> Tensor:
          weight = torch.to(torch.ones_like(x), dtype)
          return __torch__.ops.linear.forward(x, weight)
        def down(self: __torch__.Model, x: Tensor, dtype: int) -> Tensor:
          weight = torch.to(torch.ones_like(x), dtype)
          return __torch__.ops.linear.backward_input(torch.zeros_like(x), x, weight)
        def output(self: __torch__.Model, x: Tensor, dtype: int) -> Tensor:
          weight = torch.to(torch.ones_like(x), dtype)
          return __torch__.ops.token_logp.logits(x, weight, 0.)
      """;

  @Test
  void productsAreComputedInTheTypeOfTheWeight() {
    try (DeviceMemory memory = DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP));
        TorchScriptModule module = Kernels.load(PRODUCTS, Device.cpu());
        PtNDManager scope = memory.scope()) {
      var x = (PtNDArray) scope.create(new float[] {BELOW_BF16}, new Shape(1, 1));
      for (String method : List.of("up", "down", "output")) {
        assertThat(product(module, scope, method, x, Dtype.F32)).isEqualTo(BELOW_BF16);
        assertThat(product(module, scope, method, x, Dtype.BF16)).isEqualTo(1f);
      }
    }
  }

  private static float product(
      TorchScriptModule module, PtNDManager scope, String method, PtNDArray x, Dtype dtype) {
    PtNDArray y = module.call(scope, method, x, (long) DeviceMemory.kind(dtype)).getFirst();
    assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
    return y.getFloat();
  }

  @Test
  void matricesLieInBf16AndVectorsAreRoundedToIt() {
    try (DeviceMemory memory = DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP));
        ModelDirectory base = ModelDirectory.open(LLAMA)) {
      ModelTensors tensors = new ModelTensors(Precision.BF16);
      for (ModelConfig.Parameter each : base.config().parameters()) {
        tensors.load(memory, each, base.weights().stored(each));
        float[] expected = base.weights().stored(each).toFloats();
        for (int i = 0; i < expected.length; i++) expected[i] = bf16(expected[i]);
        PtNDArray loaded = tensors.require(each.name());
        boolean matrix = each.shape().length > 1;
        // DJL has no name for the type: it must not be asked to compute with it
        assertThat(loaded.getDataType()).isEqualTo(matrix ? DataType.UNKNOWN : DataType.FLOAT32);
        assertThat(memory.named(each.name(), loaded).toFloats()).isEqualTo(expected);
      }
    }
  }

  /** To the nearest, ties to even. */
  private static float bf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  }

  static Stream<Arguments> plans() {
    return halves(Stream.of(ComputePlan.Kind.values()));
  }

  /** Each with both precisions of 16 bits. */
  private static Stream<Arguments> halves(Stream<?> all) {
    return all.flatMap(
        each -> Stream.of(Precision.BF16, Precision.F16).map(half -> Arguments.of(each, half)));
  }

  @ParameterizedTest
  @MethodSource("plans")
  void everyPlanTrainsAlikeAndAsInF32UpToRounding(ComputePlan.Kind kind, Precision half) {
    double[] keep = losses(LORA, ComputePlan.KEEP, half, null);
    double[] other = losses(LORA, new ComputePlan(kind), half, null);
    double[] wide = losses(LORA, ComputePlan.KEEP, Precision.F32, null);
    assertThat(other).containsExactly(keep, within(kind == ComputePlan.Kind.AUTOGRAD ? 2e-2 : 0));
    assertThat(keep).containsExactly(wide, within(5e-2)).isNotEqualTo(wide);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F32")
  void quantisedAndTrainedWeightsAreMultipliedInHalvesToo(Precision half) {
    var nf4 = new Quantization.FourBit(Quantization.QuantType.NF4, true);
    for (Quantization each : List.of(nf4, new Quantization.EightBit())) {
      same(
          losses(LORA, ComputePlan.KEEP, Precision.F32, each),
          losses(LORA, ComputePlan.KEEP, half, each));
    }
    AdapterMethod full = new AdapterMethod.Full();
    double[] trained = losses(full, ComputePlan.KEEP, half, null);
    same(losses(full, ComputePlan.KEEP, Precision.F32, null), trained);
    assertThat(trained[trained.length - 1]).isLessThan(trained[0] - 0.05);
  }

  public static Stream<AdapterMethod> methods() {
    Lora lora = new Lora(4, 8, 0.1, new TargetModules.AllLinear());
    TargetModules tables = new TargetModules.Names(List.of("q_proj", "embed_tokens", "lm_head"));
    return Stream.concat(
        MethodTrainingTests.methods(),
        Stream.of(
            lora.as(new LoraVariant(true, true, false, LoraVariant.Bias.NONE)),
            new Lora(4, 8, 0, tables)
                .as(new LoraVariant(false, false, false, LoraVariant.Bias.ALL)),
            new Bottleneck(Bottleneck.Variant.PFEIFFER),
            new PromptTuning(4, new PromptTuning.Init.Random()),
            new PrefixTuning(5, false, null, false),
            new AdapterMethod.Full()));
  }

  static Stream<Arguments> methodsInHalves() {
    return halves(methods());
  }

  @ParameterizedTest
  @MethodSource("methodsInHalves")
  void everyMethodTrainsBesideABaseInHalves(AdapterMethod method, Precision precision) {
    double[] half = losses(method, ComputePlan.KEEP, precision, null);
    same(losses(method, ComputePlan.KEEP, Precision.F32, null), half);
    assertThat(losses(method, new ComputePlan(ComputePlan.Kind.RECOMPUTE), precision, null))
        .isEqualTo(half);
    assertThat(losses(method, new ComputePlan(ComputePlan.Kind.AUTOGRAD), precision, null))
        .containsExactly(half, within(2e-2));
  }

  static Stream<Arguments> families() {
    return halves(
        Stream.of(
            "llama-tied",
            "qwen2",
            "gpt2",
            "gpt-neox",
            "llama-cls",
            "bert",
            "roberta",
            "distilbert"));
  }

  @ParameterizedTest
  @MethodSource("families")
  void everyFamilyTrainsInHalves(String family, Precision precision) {
    Path base = LLAMA.resolveSibling(family);
    double[] half = losses(base, LORA, ComputePlan.KEEP, precision, null);
    same(losses(base, LORA, ComputePlan.KEEP, Precision.F32, null), half);
    assertThat(losses(base, LORA, new ComputePlan(ComputePlan.Kind.RECOMPUTE), precision, null))
        .isEqualTo(half);
    assertThat(losses(base, LORA, new ComputePlan(ComputePlan.Kind.AUTOGRAD), precision, null))
        .containsExactly(half, within(5e-2));
  }

  private static void same(double[] wide, double[] half) {
    assertThat(half).containsExactly(wide, within(5e-2)).isNotEqualTo(wide);
  }

  private static double[] losses(
      AdapterMethod method,
      ComputePlan plan,
      Precision precision,
      @Nullable Quantization quantization) {
    return losses(LLAMA, method, plan, precision, quantization);
  }

  private static double[] losses(
      Path path,
      AdapterMethod method,
      ComputePlan plan,
      Precision precision,
      @Nullable Quantization quantization) {
    List<Double> losses = new ArrayList<>();
    TrainingSetup recipe =
        new TrainingSetup(
            method,
            ADAMW,
            new Execution(Execution.CPU, precision, plan, 1),
            42,
            quantization,
            Regularisation.NONE,
            null,
            false);
    try (ModelDirectory base = ModelDirectory.open(path);
        TrainableModel model = TrainableModel.load(base, recipe)) {
      int[][] ids = {
        new SplittableRandom(1).ints(9, 3, 97).toArray(),
        new SplittableRandom(2).ints(5, 3, 97).toArray()
      };
      boolean labels = base.config().task() instanceof Task.SequenceClassification;
      MicroBatch rows =
          labels
              ? new MicroBatch.LabelBatch(ids, new double[][] {{1}, {2}})
              : new MicroBatch.TokenBatch(ids, ids);
      for (int step = 0; step < 3; step++) {
        losses.add(step(model, rows, step));
      }
      for (NamedTensor each : model.trained()) assertThat(each.dtype()).isEqualTo(Dtype.F32);
    }
    return losses.stream().mapToDouble(each -> each).toArray();
  }

  private static double step(TrainableModel model, MicroBatch rows, int step) {
    double loss = model.accumulate(rows, rows.targets(), step).mean();
    try {
      model.update(5e-3);
    } catch (TrainableModel.NonfiniteGradients overflow) {
      assertThat(model.lowerLossScale()).isTrue();
      model.discard();
      return step(model, rows, step);
    }
    return loss;
  }
}
