package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.client.JobWatch.JobLine;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JobLineTests {
  private static final Instant NOW = Instant.ofEpochSecond(1_767_225_600);
  private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());
  private static final Screen PLAIN = new Screen(NOWHERE, NOWHERE, false);

  @Test
  void aJobThatWaitsSaysWhatForAndIsNotTraining() {
    JobLine line = line("{'status':'queued','reason':'1 job comes before it.'}");
    assertThat(line.phase()).isEqualTo("queued");
    assertThat(line.text()).isEqualTo("1 job comes before it.");
    assertThat(
            line("{'status':'running','reason':'Prepares.','progress':{'total_steps':null}}")
                .phase())
        .isEqualTo("preparing");
    assertThat(line("{'status':'running','sub_status':'pausing','reason':'A pause.'}").phase())
        .isEqualTo("pausing");
  }

  @Test
  void theFirstValidationIsCalledValidation() {
    JobLine first =
        line(
            "{'status':'running','sub_status':'validating','progress':{'step':0,'total_steps':24}}");
    assertThat(first.phase()).isEqualTo("validation");
    assertThat(first.text()).isEqualTo("before the first step");
    assertThat(
            line("{'status':'running','sub_status':'validating','progress':{'step':10,'total_steps':24}}")
                .text())
        .isEqualTo("after step 10/24");
  }

  @Test
  void timeLeftIsWhatTheServerHasMeasuredOrNothing() {
    String job = "{'status':'running','progress':{'step':6,'total_steps':24,'eta':%s}}";
    assertThat(line(job.formatted("null")).text()).isEqualTo(" 25 %  step 6/24");
    assertThat(line(job.formatted(NOW.getEpochSecond() + 125)).text())
        .isEqualTo(" 25 %  step 6/24  2:05 left");
    assertThat(line(job.formatted(NOW.getEpochSecond() + 7325)).text()).endsWith("  2:02:05 left");
    assertThat(line(job.formatted(NOW.getEpochSecond() - 1)).text()).endsWith("step 6/24");
  }

  @Test
  void timeAloneIsNoNews() {
    String job = "{'status':'running','progress':{'step':%d,'total_steps':24,'eta':%d}}";
    JobLine before = line(job.formatted(6, NOW.getEpochSecond() + 125));
    JobLine after = line(job.formatted(6, NOW.getEpochSecond() + 90));
    assertThat(after.news()).isEqualTo(before.news());
    assertThat(line(job.formatted(7, NOW.getEpochSecond() + 90)).news())
        .isNotEqualTo(before.news());
  }

  private static JobLine line(String job) {
    JsonNode json = JsonMapper.shared().readTree(job.replace('\'', '"'));
    return JobLine.of(json, "", PLAIN, NOW);
  }
}
