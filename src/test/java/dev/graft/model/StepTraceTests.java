package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.Targets;
import dev.graft.weights.Families;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import dev.graft.weights.TinyModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What a step asks of libtorch: nothing that makes a GPU wait for the host, and not too often. */
@Concurrent
class StepTraceTests {
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);
  private static final AdapterMethod LORA =
      new Lora(4, 8, 0.1, new TargetModules.AllLinear()).startingAs(new LoraInit.Random());

  /** Ranks are allocated after each step. */
  private static final AdapterMethod ADALORA =
      new AdaLora(
          new RankAllocation(4, 2, 40, 0, 1, 60, 0.85, 0.85, 0.5),
          8,
          16,
          0,
          new Targets(new TargetModules.AllLinear()),
          true,
          LoraVariant.Bias.NONE,
          new TreeMap<>(),
          List.of());

  /** Each reads a number on the host. */
  private static final Set<String> WAITING =
      Set.of(
          "aten::_local_scalar_dense",
          "aten::item",
          "aten::is_nonzero",
          "aten::nonzero",
          "aten::equal",
          "aten::masked_select");

  /** The CPU's form of it looks at the number of steps itself; that of a GPU does not. */
  private static final String UPDATE = "aten::_fused_adamw_";

  @TempDir Path directory;

  /**
   * Two micro-batches and the update, of a model of two layers.
   *
   * @param uploads from the host to the device
   * @param calls of libtorch
   */
  private record Case(
      String family,
      AdapterMethod method,
      Precision precision,
      ComputePlan.Kind kind,
      @Nullable Quantization quantization,
      @Nullable Preference preference,
      long uploads,
      long calls) {
    static Case of(String family, AdapterMethod method, long calls) {
      return new Case(family, method, Precision.F32, ComputePlan.Kind.KEEP, null, null, 4, calls);
    }

    static Case of(
        Precision precision,
        ComputePlan.Kind kind,
        @Nullable Quantization quantization,
        long calls) {
      return new Case("llama", LORA, precision, kind, quantization, null, 4, calls);
    }

    static Case of(AdapterMethod method, Preference preference, long calls) {
      return new Case(
          "llama", method, Precision.F32, ComputePlan.Kind.KEEP, null, preference, 6, calls);
    }
  }

  static Stream<Case> cases() {
    var nf4 = new Quantization.FourBit(Quantization.QuantType.NF4, true);
    var dpo = new Preference.Dpo(Preference.LossType.SIGMOID, 0.1, 0);
    return Stream.of(
        Case.of("llama", LORA, 392),
        Case.of("gemma2", LORA, 394),
        Case.of("gemma3", LORA, 418),
        Case.of("phi3", LORA, 392),
        Case.of("gpt2", LORA, 382),
        Case.of("gpt-neox", LORA, 392),
        Case.of("llama-cls", LORA, 334),
        Case.of("bert", LORA, 362),
        Case.of("bert-multilabel", LORA, 362),
        Case.of("bert-regression", LORA, 362),
        Case.of("llama", ADALORA, 433),
        Case.of("llama", new AdapterMethod.Full(), 446),
        Case.of(LORA, dpo, 532),
        Case.of(new AdapterMethod.Full(), dpo, 638),
        Case.of(LORA, new Preference.Dpo(Preference.LossType.IPO, 0.1, 0), 532),
        Case.of(LORA, new Preference.Orpo(0.1), 532),
        Case.of(Precision.BF16, ComputePlan.Kind.RECOMPUTE, nf4, 440),
        Case.of(Precision.F32, ComputePlan.Kind.RECOMPUTE, null, 440),
        Case.of(Precision.F32, ComputePlan.Kind.AUTOGRAD, null, 404));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void noOperationOfAStepReadsANumber(Case of) throws Exception {
    Path trace = directory.resolve("trace.json");
    try (ModelDirectory base = open(of.family());
        TrainableModel model = load(base, of)) {
      JniUtils.startProfile(false, false, false);
      try {
        step(model, base, of, 1);
      } finally {
        JniUtils.stopProfile(trace.toString());
      }
    }
    List<JsonNode> events = new ArrayList<>();
    for (JsonNode event : TinyModels.JSON.readTree(trace)) events.add(event);
    List<JsonNode> updates = events.stream().filter(each -> named(each, UPDATE)).toList();
    assertThat(updates).isNotEmpty();
    Set<String> operations = new TreeSet<>();
    for (JsonNode event : events) {
      if (updates.stream().noneMatch(update -> isPartOf(event, update))) {
        operations.add(event.path("name").stringValue(""));
      }
    }
    assertThat(operations).contains("aten::mm").doesNotContainAnyElementsOf(WAITING);
  }

  private static boolean named(JsonNode event, String name) {
    return event.path("name").stringValue("").equals(name);
  }

  private static boolean isPartOf(JsonNode event, JsonNode other) {
    return event.path("ts").doubleValue() >= other.path("ts").doubleValue()
        && end(event) <= end(other);
  }

  private static double end(JsonNode event) {
    return event.path("ts").doubleValue() + event.path("dur").doubleValue();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aStepReadsTheDeviceOnceAndCallsItSoOften(Case of) throws Exception {
    try (ModelDirectory base = open(of.family());
        TrainableModel model = load(base, of)) {
      step(model, base, of, 1);
      for (int longer : new int[] {1, 2}) {
        Map<String, Long> calls = calls(() -> step(model, base, of, longer));
        assertThat(calls)
            .containsEntry("getByteBuffer", 1L)
            .containsEntry("createNdFromByteBuffer", of.uploads());
        assertThat(calls.values().stream().mapToLong(each -> each).sum()).isEqualTo(of.calls());
      }
    }
  }

  /** Calls of the classes that call libtorch, by the names of their methods. */
  private Map<String, Long> calls(Runnable of) throws Exception {
    Path file = directory.resolve("calls.jfr");
    try (Recording recording = new Recording()) {
      recording
          .enable("jdk.MethodTiming")
          .with("filter", "ai.djl.pytorch.jni.JniUtils;ai.djl.pytorch.jni.IValue")
          .with("period", "endChunk");
      recording.start();
      of.run();
      recording.stop();
      recording.dump(file);
    }
    Map<String, Long> calls = new HashMap<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      if (!event.getEventType().getName().equals("jdk.MethodTiming")) continue;
      RecordedMethod method = event.getValue("method");
      calls.merge(method.getName(), event.getLong("invocations"), Long::sum);
    }
    calls.values().removeIf(each -> each == 0);
    return calls;
  }

  private ModelDirectory open(String family) throws Exception {
    return ModelDirectory.open(TinyModels.write(directory.resolve(family), Families.json(family)));
  }

  private static TrainableModel load(ModelDirectory base, Case of) {
    var execution = new Execution(Execution.CPU, of.precision(), new ComputePlan(of.kind()), 1);
    return TrainableModel.load(
        base,
        new TrainingSetup(
            of.method(),
            ADAMW,
            execution,
            1,
            of.quantization(),
            Regularisation.NONE,
            of.preference(),
            false));
  }

  private static void step(TrainableModel model, ModelDirectory base, Case of, int longer) {
    List<PendingLoss> losses = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      MicroBatch rows = rows(base, of, i, longer);
      losses.add(model.enqueue(rows, 2 * rows.targets(), i));
    }
    assertThat(model.update(1e-3)).isPositive();
    assertThat(PendingLoss.sum(losses).read().mean()).isPositive();
    assertThat(model.regulariser()).isNotNegative();
  }

  private static MicroBatch rows(ModelDirectory base, Case of, int seed, int longer) {
    int[][] ids = {ids(seed, 9 * longer), ids(seed + 7, 5 * longer)};
    MicroBatch.TokenBatch tokens = new MicroBatch.TokenBatch(ids, ids);
    if (of.preference() != null) {
      int[][] others = {ids(seed + 20, 5 * longer), ids(seed + 27, 9 * longer)};
      double[] reference = {-20, -30};
      return new MicroBatch.PairBatch(tokens, new MicroBatch.TokenBatch(others, others))
          .measuredFrom(new MicroBatch.PairLogps(reference, reference));
    }
    return switch (base.config().task()) {
      case Task.CausalLm() -> tokens;
      case Task.SequenceClassification head ->
          new MicroBatch.LabelBatch(
              ids,
              head.problem() == Task.Problem.SINGLE_LABEL_CLASSIFICATION
                  ? new double[][] {{1}, {0}}
                  : new double[2][head.numLabels()]);
    };
  }

  private static int[] ids(int seed, int tokens) {
    return new SplittableRandom(seed).ints(tokens, 3, 97).toArray();
  }
}
