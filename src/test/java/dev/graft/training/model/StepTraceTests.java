package dev.graft.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.spec.method.AdapterMethod.TargetModules;
import dev.graft.spec.method.LoraInit;
import dev.graft.training.ComputePlan;
import dev.graft.training.Execution;
import dev.graft.training.PendingLoss;
import dev.graft.training.TrainableModel;
import dev.graft.training.batch.LabelBatch;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.batch.TokenBatch;
import dev.graft.training.model.optimizer.AdamW;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import dev.graft.weights.config.Families;
import dev.graft.weights.config.basics.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What a step asks of libtorch: nothing that makes a GPU wait for the host, and not too often. */
@Concurrent
class StepTraceTests {
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);
  private static final AdapterMethod LORA =
      new AdapterMethod.Lora(4, 8, 0.1, new TargetModules.AllLinear())
          .startingAs(new LoraInit.Random());

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

  private record Case(
      String family,
      AdapterMethod method,
      Precision precision,
      ComputePlan.Kind kind,
      @Nullable Quantization quantization) {
    static Case of(String family, AdapterMethod method) {
      return new Case(family, method, Precision.F32, ComputePlan.Kind.KEEP, null);
    }
  }

  static Stream<Case> cases() {
    var nf4 = new Quantization.FourBit(Quantization.QuantType.NF4, true);
    return Stream.concat(
        Stream.of("llama", "gemma2", "gemma3", "phi3", "gpt2", "gpt-neox", "llama-cls", "bert")
            .map(family -> Case.of(family, LORA)),
        Stream.of(
            Case.of("llama", new AdapterMethod.Full()),
            new Case("llama", LORA, Precision.BF16, ComputePlan.Kind.RECOMPUTE, nf4),
            new Case("llama", LORA, Precision.F32, ComputePlan.Kind.RECOMPUTE, null)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void noOperationOfAStepReadsANumber(Case of) throws Exception {
    Path trace = directory.resolve("trace.json");
    try (ModelDirectory base = open(of.family());
        TrainableModel model = load(base, of)) {
      JniUtils.startProfile(false, false, false);
      try {
        step(model, base);
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

  /** Two micro-batches and the update, of a model of two layers. */
  @Test
  void aStepReadsTheDeviceOnceAndCallsItSoOften() throws Exception {
    try (ModelDirectory base = open("llama");
        TrainableModel model = load(base, Case.of("llama", LORA))) {
      step(model, base);
      Map<String, Long> calls = calls(() -> step(model, base));
      assertThat(calls)
          .containsEntry("getByteBuffer", 1L)
          .containsEntry("createNdFromByteBuffer", 4L);
      assertThat(calls.values().stream().mapToLong(each -> each).sum()).isBetween(200L, 420L);
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
    return TrainableModels.load(
        base,
        new TrainingSetup(
            of.method(), ADAMW, execution, 1, of.quantization(), Regularisation.NONE, null, false));
  }

  private static void step(TrainableModel model, ModelDirectory base) {
    List<PendingLoss> losses = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      MicroBatch rows = rows(base, i);
      losses.add(model.enqueue(rows, 2 * rows.targets(), i));
    }
    assertThat(model.update(1e-3)).isPositive();
    assertThat(PendingLoss.sum(losses).read().mean()).isPositive();
  }

  private static MicroBatch rows(ModelDirectory base, int seed) {
    int[][] ids = {
      new SplittableRandom(seed).ints(9, 3, 97).toArray(),
      new SplittableRandom(seed + 7).ints(5, 3, 97).toArray()
    };
    boolean labels = base.config().task() instanceof Task.SequenceClassification;
    return labels ? new LabelBatch(ids, new double[][] {{1}, {0}}) : new TokenBatch(ids, ids);
  }
}
