package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorReportTests {
  private static final CheckResult WELL = CheckResult.ok("java", "25");
  private static final CheckResult LITTLE = CheckResult.warning("disk-space", "3 GB", "free some");
  private static final CheckResult LACK = CheckResult.missing("port", "8080 is in use", "stop it");

  @Test
  void eachFindingIsALineAndTheLastOneCounts() {
    assertThat(new DoctorReport(List.of(WELL, LITTLE, LACK)).text())
        .isEqualTo(
            """
            ok       java        25
            warning  disk-space  3 GB; free some
            missing  port        8080 is in use; stop it
            1 ok, 1 warning, 1 missing
            """);
  }

  @Test
  void warningsDoNotFail() {
    assertThat(new DoctorReport(List.of(WELL, LITTLE)).exitStatus()).isZero();
    assertThat(new DoctorReport(List.of(LACK, WELL)).exitStatus()).isEqualTo(3);
  }

  @Test
  void theObjectSaysTheSame() {
    JsonNode object = JsonMapper.shared().readTree(new DoctorReport(List.of(WELL, LACK)).json());
    assertThat(object.path("ok").asInt()).isOne();
    assertThat(object.path("warnings").asInt()).isZero();
    assertThat(object.path("missing").asInt()).isOne();
    assertThat(object.at("/findings/0/cure").isNull()).isTrue();
    assertThat(object.at("/findings/1/status").asString()).isEqualTo("missing");
    assertThat(object.at("/findings/1/cure").asString()).isEqualTo("stop it");
  }

  @Test
  void whatIsNotWellHasACureAndADetailIsOneLine() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CheckResult("java", DoctorReport.CheckStatus.WARNING, "old", null));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CheckResult("java", DoctorReport.CheckStatus.OK, "new", "nothing"));
    assertThat(CheckResult.ok("java", "one\n  two\n").detail()).isEqualTo("one two");
  }
}
