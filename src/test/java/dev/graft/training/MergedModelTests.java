package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.TrainableModel;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Quantization;
import dev.graft.training.CheckpointDirectory.CheckpointPrecision;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that PEFT trained and saved, merged here, give PEFT's own logits. */
@Concurrent
class MergedModelTests {
  private static final Path CASES = Path.of("src/test/resources/parity");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);
  private static final Quantization NF4_DOUBLE =
      new Quantization.FourBit(Quantization.QuantType.NF4, true);

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "lora-llama, llama, false",
    "lora-gpt2, gpt2, false",
    "lora-gpt-neox, gpt-neox, false",
    "lora-llama-cls, llama-cls, false",
    "lora-roberta-cls, roberta, false",
    "lora-distilbert-cls, distilbert, false",
    "lora-bias-all, gpt2, false",
    "adalora, llama, false",
    "ia3-gpt2, gpt2, false",
    "ia3-bert, bert, false",
    "ln-tuning-gpt2, gpt2, false",
    "vera, llama, false",
    "qlora-nf4-double, llama, true",
  })
  void theMergedModelIsTheBaseWithItsAdapter(String run, String base, boolean quantised) {
    merge(base, CASES.resolve(run).resolve("final"), quantised ? NF4_DOUBLE : null);
    try (ModelDirectory merged = ModelDirectory.open(temp);
        TrainableModel model =
            TrainableModel.load(merged, new AdapterMethod.Full(), ADAMW, ComputePlan.KEEP, 1);
        SafetensorsFile probe =
            SafetensorsFile.open(CASES.resolve(run).resolve("probe.safetensors"))) {
      int[][] ids = rows(probe);
      float[] expected = probe.find("logits_after").toFloats();
      float[][][] logits = model.logits(ids);
      int positions =
          logits[0].length == 1 ? 1 : expected.length / ids.length / logits[0][0].length;
      for (int r = 0; r < ids.length; r++) {
        for (int t = 0; t < Math.min(positions, ids[r].length); t++) {
          int width = logits[r][t].length;
          int from = (r * positions + t) * width;
          assertThat(logits[r][t])
              .containsExactly(Arrays.copyOfRange(expected, from, from + width), within(1e-4f));
        }
      }
    }
  }

  private static int[][] rows(SafetensorsFile probe) {
    int[] ids = ints(probe.find("input_ids"));
    int[] mask = ints(probe.find("attention_mask"));
    int width = (int) probe.find("input_ids").shape()[1];
    int[][] rows = new int[ids.length / width][];
    for (int r = 0; r < rows.length; r++) {
      int length = Arrays.stream(mask, r * width, (r + 1) * width).sum();
      rows[r] = Arrays.copyOfRange(ids, r * width, r * width + length);
    }
    return rows;
  }

  private static int[] ints(MappedTensor tensor) {
    int[] values = new int[(int) tensor.info().elements()];
    tensor.data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values);
    return values;
  }

  @Test
  void aTensorThatTheAdapterDoesNotTouchKeepsItsBytes() {
    merge("llama", CASES.resolve("lora-llama/final"), null);
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("models/llama"));
        ModelDirectory merged = ModelDirectory.open(temp)) {
      int changed = 0;
      for (ModelConfig.Parameter each : base.config().parameters()) {
        float[] before = base.weights().require(each.name(), each.shape()).toFloats();
        float[] after = merged.weights().require(each.name(), each.shape()).toFloats();
        boolean linear = each.name().contains("_proj");
        assertThat(Arrays.equals(before, after)).as(each.name()).isEqualTo(!linear);
        if (linear) changed++;
      }
      assertThat(changed).isEqualTo(base.config().linearModules().size());
    }
  }

  @Test
  void aBaseInSixteenBitsIsRoundedOnceAfterTheSum() throws IOException {
    Path half = Files.createDirectories(temp.resolve("half"));
    Path out = temp.resolve("out");
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("models/llama"))) {
      Files.copy(base.path().resolve("config.json"), half.resolve("config.json"));
      List<NamedTensor> tensors = new ArrayList<>();
      for (ModelConfig.Parameter each : base.config().parameters()) {
        NamedTensor f32 = base.weights().require(each.name(), each.shape()).named();
        tensors.add(
            new NamedTensor(
                each.name(), Dtype.BF16, each.shape(), Dtype.narrow(f32.data(), Dtype.BF16)));
      }
      SafetensorsWriter.write(half.resolve("model.safetensors"), tensors);
    }
    Path adapter = CASES.resolve("lora-llama/final");
    try (ModelDirectory base = ModelDirectory.open(half)) {
      merge(out, base, adapter, null, CheckpointPrecision.AS_BASE);
      merge(temp, base, adapter, null, CheckpointPrecision.F32);
    }
    try (ModelDirectory rounded = ModelDirectory.open(out);
        ModelDirectory exact = ModelDirectory.open(temp)) {
      assertThat(rounded.check().dtype()).isEqualTo(Dtype.BF16);
      assertThat(exact.check().dtype()).isEqualTo(Dtype.F32);
      String name = "model.layers.1.mlp.down_proj.weight";
      float[] sums = exact.weights().require(name, 32, 64).toFloats();
      for (int i = 0; i < sums.length; i++) sums[i] = Dtype.BF16.round(sums[i]);
      assertThat(rounded.weights().require(name, 32, 64).toFloats()).isEqualTo(sums);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-nf4", "llama-int8", "gpt2-nf4", "llama-tied-fp4-double"})
  void aCheckpointThatWasQuantisedBecomesOneOfPlainNumbers(String name) throws IOException {
    Path adapter = Files.createDirectories(temp.resolve("adapter"));
    Path out = temp.resolve("out");
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("models").resolve(name))) {
      Lora lora = new Lora(2, 4, 0, new TargetModules.AllLinear());
      PeftDirectory.write(adapter, base, name, lora, factors(base, 2), Map.of());
      merge(out, base, adapter, null, CheckpointPrecision.F32);
      try (SavedAdapter saved = SavedAdapter.read(adapter);
          ModelDirectory merged = ModelDirectory.open(out);
          TrainableModel with = TrainableModel.load(base, lora, ADAMW, ComputePlan.KEEP, 1);
          TrainableModel plain =
              TrainableModel.load(merged, new AdapterMethod.Full(), ADAMW, ComputePlan.KEEP, 1)) {
        assertThat(merged.quantization()).isNull();
        with.loadSaved(saved.tensors());
        int[][] ids = {{5, 6, 7, 8}};
        for (int t = 0; t < 4; t++) {
          assertThat(plain.logits(ids)[0][t])
              .containsExactly(with.logits(ids)[0][t], within(2e-4f));
        }
      }
    }
  }

  private static List<NamedTensor> factors(ModelDirectory base, int r) {
    var random = new java.util.Random(5);
    List<NamedTensor> factors = new ArrayList<>();
    for (ModelConfig.Linear each : base.config().linearModules()) {
      String module = "base_model.model." + each.path();
      float[] a = new float[r * each.inFeatures()];
      float[] b = new float[r * each.outFeatures()];
      for (int i = 0; i < a.length; i++) a[i] = (float) (0.1 * random.nextGaussian());
      for (int i = 0; i < b.length; i++) b[i] = (float) (0.1 * random.nextGaussian());
      factors.add(NamedTensor.of(module + ".lora_A.weight", a, r, each.inFeatures()));
      factors.add(NamedTensor.of(module + ".lora_B.weight", b, each.outFeatures(), r));
    }
    return factors;
  }

  @ParameterizedTest
  @ValueSource(strings = {"prompt-tuning", "parallel-llama"})
  void whatIsNoWeightCannotBeMerged(String run) {
    assertThatThrownBy(() -> merge("llama", CASES.resolve(run).resolve("final"), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be merged");
  }

  @Test
  void anAdapterOfAnotherBaseIsRefused() {
    assertThatThrownBy(() -> merge("llama31-v4", CASES.resolve("lora-gpt2/final"), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("matches no module");
  }

  private void merge(String base, Path adapter, @Nullable Quantization quantization) {
    try (ModelDirectory directory = ModelDirectory.open(CASES.resolve("models").resolve(base))) {
      merge(temp, directory, adapter, quantization, CheckpointPrecision.AS_BASE);
    }
  }

  private static void merge(
      Path out,
      ModelDirectory base,
      Path adapter,
      @Nullable Quantization quantization,
      CheckpointPrecision precision) {
    try (SavedAdapter saved = SavedAdapter.read(adapter)) {
      MergedModel.write(out, base, "base", saved, quantization, precision, Map.of());
    }
  }
}
