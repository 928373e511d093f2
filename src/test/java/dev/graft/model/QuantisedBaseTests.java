package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.DataType;
import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.EightBit;
import dev.graft.spec.Quantization.FourBit;
import dev.graft.spec.Quantization.QuantType;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Training on a base that stays quantised, against one of the numbers that it stands for. */
@Concurrent
class QuantisedBaseTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
  private static final AdapterMethod LORA =
      new Lora(4, 8, 0.1, new TargetModules.AllLinear()).startingAs(new LoraInit.Random());

  @TempDir private Path dir;

  static Stream<Quantization> quantizations() {
    return Stream.of(
        new FourBit(QuantType.NF4, false),
        new FourBit(QuantType.NF4, true),
        new FourBit(QuantType.FP4, true),
        new EightBit());
  }

  /** Losses, gradient norms and trained numbers of three steps. */
  private static List<Object> run(
      Path path, AdapterMethod method, ComputePlan plan, @Nullable Quantization quantization) {
    List<Object> run = new ArrayList<>();
    TrainingSetup recipe =
        new TrainingSetup(
            method,
            ADAMW,
            Execution.cpu(Precision.F32, plan),
            42,
            quantization,
            Regularisation.NONE,
            null,
            false);
    try (ModelDirectory base = ModelDirectory.open(path);
        TrainableModel model = TrainableModel.load(base, recipe)) {
      SplittableRandom random = new SplittableRandom(1);
      for (int step = 0; step < 3; step++) {
        int[][] ids = {random.ints(9, 3, 97).toArray(), random.ints(5, 3, 97).toArray()};
        MicroBatch.TokenBatch rows = new MicroBatch.TokenBatch(ids, ids);
        run.add(model.accumulate(rows, rows.targets(), step).mean());
        run.add(model.update(1e-2));
      }
      for (NamedTensor each : model.trained()) run.add(ByteBuffer.wrap(each.toBytes()));
    }
    return run;
  }

  /** The base with the numbers that its quantised weights stand for. */
  private Path dequantised(Path source, Quantization quantization) throws IOException {
    Files.copy(source.resolve("config.json"), dir.resolve("config.json"));
    List<NamedTensor> tensors = new ArrayList<>();
    try (ModelDirectory base = ModelDirectory.open(source)) {
      BaseWeights weights = new BaseWeights(base, quantization);
      for (ModelConfig.Parameter each : base.config().parameters()) {
        tensors.add(NamedTensor.of(each.name(), weights.stored(each).toFloats(), each.shape()));
      }
      SafetensorsWriter.write(dir.resolve("model.safetensors"), tensors);
    }
    return dir;
  }

  @ParameterizedTest
  @MethodSource("quantizations")
  void everyStepIsThatOnTheDequantisedBase(Quantization quantization) throws IOException {
    Path base = MODELS.resolve("llama");
    List<Object> plain = run(dequantised(base, quantization), LORA, ComputePlan.KEEP, null);
    assertThat(run(base, LORA, ComputePlan.KEEP, quantization)).isEqualTo(plain);
    assertThat(run(base, LORA, ComputePlan.KEEP, null)).isNotEqualTo(plain);
  }

  @ParameterizedTest
  @EnumSource
  void everyPlanDequantisesAgain(ComputePlan.Kind kind) throws IOException {
    Path base = MODELS.resolve("llama");
    Quantization quantization = new FourBit(QuantType.NF4, true);
    List<Object> plain = run(dequantised(base, quantization), LORA, new ComputePlan(kind), null);
    assertThat(run(base, LORA, new ComputePlan(kind), quantization)).isEqualTo(plain);
  }

  @Test
  void aCheckpointThatWasSavedQuantisedTrainsAsOneQuantisedHere() {
    assertThat(run(MODELS.resolve("llama-nf4"), LORA, ComputePlan.KEEP, null))
        .isEqualTo(
            run(
                MODELS.resolve("llama"),
                LORA,
                ComputePlan.KEEP,
                new FourBit(QuantType.NF4, false)));
    assertThat(run(MODELS.resolve("llama-int8"), LORA, ComputePlan.KEEP, null))
        .isEqualTo(run(MODELS.resolve("llama"), LORA, ComputePlan.KEEP, new EightBit()));
  }

  @Test
  void aQuantisedCheckpointIsNotQuantisedAgainAndDoesNotTrainWhole() {
    Path quantised = MODELS.resolve("llama-nf4");
    assertThatThrownBy(() -> run(quantised, LORA, ComputePlan.KEEP, new EightBit()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("quantised already");
    assertThatThrownBy(() -> run(quantised, new AdapterMethod.Full(), ComputePlan.KEEP, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the base model is quantised: its weight");
  }

  @Test
  void quantisedWeightsStayPackedOnTheDevice() {
    try (DeviceMemory memory = DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP));
        ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      BaseWeights weights = new BaseWeights(base, new FourBit(QuantType.NF4, false));
      ModelTensors tensors = new ModelTensors();
      for (ModelConfig.Parameter each : base.config().parameters()) {
        tensors.load(memory, each, weights.stored(each));
      }
      for (ModelConfig.Linear each : base.config().linearModules()) {
        var packed = tensors.require(each.path() + ".weight");
        assertThat(packed.getDataType()).isEqualTo(DataType.UINT8);
        assertThat(packed.size()).isEqualTo((long) each.inFeatures() * each.outFeatures() / 2);
      }
      assertThat(tensors.form("lm_head.weight")).isNull();
    }
  }
}
