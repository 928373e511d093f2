package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.Kind;
import dev.graft.training.GoldenRun;
import dev.graft.training.GoldenRunTests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * What runs on the CPU is made again, call by call, on CUDA tensors without a GPU. Only the profile
 * {@code fake-cuda} runs this: it needs Python with PyTorch.
 */
@Tag("fake-cuda")
class FakeCudaTests {
  private static final String PYTHON = System.getProperty("python", "python3");

  /** Of single operations, and of decompositions that adapters start from. */
  private static final List<String> TESTS =
      List.of(
          "kernels.OperationTests",
          "kernels.HalfPrecisionOperationTests",
          "kernels.IncrementalPcaTests",
          "kernels.NoiseTests",
          "training.CombinedFormTests",
          "model.TunedGeneratorTests");

  private static final String FAULTS =
      """
        def made_on_the_host(self: __torch__.Model,
          x: Tensor) -> Tensor:
          rows = torch.arange(2, dtype=4, layout=None, device=torch.device("cpu"), pin_memory=None)
          return torch.index_select(x, 0, rows)
        def moved_to_the_host(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.mul(torch.to(x, torch.device("cpu"), 6, False, False, None), 2)
        def looked_at(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.mul(x, float(torch.item(torch.sum(x))))
        def counted(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.nonzero(x)
        def of_another_type(self: __torch__.Model,
          x: Tensor) -> Tensor:
          if torch.eq(ops.prim.type(ops.prim.device(x)), "cpu"):
            y = x
          else:
            y = torch.to(x, 15)
          return y
        def right(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.mul(x, 2.)
      """;

  @TempDir Path directory;

  @Test
  void everyFamilyMethodAndPlanComputesOnTheDevice() throws Exception {
    try (RecordedCalls calls = new RecordedCalls(directory)) {
      assertThat(EveryProgram.run(directory.resolve("models"))).isEqualTo(EveryProgram.expected());
      runGoldenCases();
      Set<String> ofTheseModels = calls.uncalled();
      runOtherTests();
      ofTheseModels.retainAll(calls.uncalled());
      assertThat(ofTheseModels).isEmpty();
      assertThat(KernelFunctions.reachedFrom(calls.called()))
          .containsAll(KernelFunctions.all().keySet());
    }
    assertThat(onFakeCuda()).endsWith("calls, 0 failures\n");
  }

  /** Other starts, goals and 4-bit weights; with the plain definitions, too. */
  private static void runGoldenCases() {
    Set<Object> names = GoldenRunTests.runs().map(run -> run.get()[0]).collect(Collectors.toSet());
    for (Object name : names) {
      for (Kind kind : List.of(Kind.KEEP, Kind.AUTOGRAD)) {
        Path golden = Path.of("src/test/resources/parity", String.valueOf(name));
        assertThat(GoldenRun.run(golden, new ComputePlan(kind, 5, 7, 4, 1)).skipped()).isNull();
      }
    }
  }

  private static void runOtherTests() {
    var listener = new SummaryGeneratingListener();
    var request = LauncherDiscoveryRequestBuilder.request();
    for (String each : TESTS) {
      request.selectors(DiscoverySelectors.selectClass("dev.graft." + each));
    }
    LauncherFactory.create().execute(request.build(), listener);
    assertThat(listener.getSummary().getFailures()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "made_on_the_host|gave a tensor on the cpu",
        "moved_to_the_host|gave a tensor on the cpu",
        "looked_at|DataDependentOutputException",
        "counted|DynamicOutputShapeException",
        "of_another_type|gave ['tensor', 15, [2, 2]], on the CPU ['tensor', 6, [2, 2]]"
      })
  void aPlantedFaultIsFound(String method, String told) throws Exception {
    record(method);
    assertThat(onFakeCuda())
        .contains("1x " + method + ": ", told)
        .endsWith("1 calls, 1 failures\n");
  }

  @Test
  void aRightCallIsNone() throws Exception {
    record("right");
    assertThat(onFakeCuda()).isEqualTo("1 calls, 0 failures\n");
  }

  private void record(String method) throws IOException {
    try (RecordedCalls calls = new RecordedCalls(directory);
        TorchScriptModule module = Kernels.load(FAULTS, Device.cpu());
        PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch")) {
      var x = (PtNDArray) manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
      module.call(manager, method, x);
      assertThat(calls.size()).isEqualTo(1);
    }
  }

  private String onFakeCuda() throws Exception {
    Path said = directory.resolve("said.txt");
    Process process =
        new ProcessBuilder(PYTHON, "quality/fake_cuda.py", directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.MINUTES)).isTrue();
    return Files.readString(said);
  }
}
