package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.graft.spec.Resources.DeviceKind;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class ResourcesTests {
  private final List<Problem> problems = new ArrayList<>();

  private Resources read(String json) {
    return Resources.read(JsonMapper.shared().readTree(json), problems);
  }

  @Test
  void everyFieldIsReadAndWritten() {
    String json =
        """
        {"device":"cuda","memory":24000000000,"capability":"8.6","devices":4,"worker_class":"a100",\
        "max_run_seconds":86400,"no_progress_seconds":600}\
        """;
    Resources resources = read(json);
    assertThat(problems).isEmpty();
    assertThat(resources)
        .isEqualTo(
            new Resources(DeviceKind.CUDA, 24_000_000_000L, "8.6", 4, "a100", 86_400L, 600L));
    assertThat(resources.toJson()).hasToString(json);
    assertThat(read("{}")).isEqualTo(Resources.ANY);
    assertThat(Resources.read(null, problems)).isEqualTo(Resources.ANY);
    assertThat(problems).isEmpty();
  }

  @Test
  void aCapabilityAsksForCuda() {
    assertThat(read("{\"capability\": \"12.0\"}").device()).isEqualTo(DeviceKind.CUDA);
    assertThat(problems).isEmpty();
    read("{\"capability\": \"8.0\", \"device\": \"cpu\"}");
    assertThat(problems)
        .containsExactly(
            new Problem("resources.capability", "applies to cuda devices only, but device is cpu"));
  }

  @Test
  void severalDevicesAreOfWorkersThatHaveThem() {
    assertThat(Resources.ANY.takenBy()).isNull();
    assertThat(read("{\"devices\": 1}").takenBy()).isNull();
    assertThat(read("{\"devices\": 2}").takenBy()).isEqualTo("ray");
    assertThat(read("{\"devices\": 2, \"worker_class\": \"dgx\"}").takenBy()).isEqualTo("dgx");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"max_run_seconds\": 0}  | resources.max_run_seconds | must be a whole number from 1 to"
            + " 31536000",
        "{\"device\": \"gpu\"}       | resources.device       | must be one of cpu, cuda",
        "{\"memory\": 0}             | resources.memory       | must be a whole number from 1",
        "{\"memory\": 1.5}           | resources.memory       | must be a whole number from 1",
        "{\"memory\": \"24GB\"}      | resources.memory       | must be a whole number from 1",
        "{\"memory\": 1e300}         | resources.memory       | must be a whole number from 1",
        "{\"capability\": 8.0}       | resources.capability   | must be like \"8.0\"",
        "{\"capability\": \"sm_80\"} | resources.capability   | must be like \"8.0\"",
        "{\"capability\": \"8.0\\n\"}| resources.capability   | must be like \"8.0\"",
        "{\"devices\": 0}            | resources.devices      | must be a whole number from 1 to"
            + " 999",
        "{\"devices\": 1000}         | resources.devices      | must be a whole number from 1 to"
            + " 999",
        "{\"worker_class\": \"A 1\"} | resources.worker_class | must be the name of a worker class",
        "{\"worker_class\": \"\"}    | resources.worker_class | must be the name of a worker class",
        "{\"gpu_count\": 2}          | resources.gpu_count    | unknown",
        "[]                          | resources              | must be an object",
      })
  void whatDoesNotFitIsRefusedAtItsPath(String json, String path, String told) {
    read(json);
    assertThat(problems).hasSize(1);
    assertThat(problems.getFirst().path()).isEqualTo(path);
    assertThat(problems.getFirst().message()).startsWith(told);
  }

  @Test
  void capabilitiesAreOrderedAsNumbers() {
    assertThat(Resources.capabilityNumber("7.5")).isEqualTo(75);
    assertThat(Resources.capabilityNumber("12.0")).isGreaterThan(Resources.capabilityNumber("9.0"));
    assertThatIllegalArgumentException().isThrownBy(() -> Resources.capabilityNumber("8"));
  }
}
