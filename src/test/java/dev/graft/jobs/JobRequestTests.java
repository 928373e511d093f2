package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.spec.Lora;
import dev.graft.spec.SpecRejected;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class JobRequestTests {
  private static final String NEEDED = "\"model\":\"base\",\"training_file\":\"file-1\"";

  @Test
  void requestOfAnUnmodifiedSdkIsUnderstood() {
    JobRequest request =
        read(
            """
            {%s,"validation_file":null,"suffix":"support","seed":7,"metadata":{"cost_centre":"4711"},
             "method":{"type":"supervised","supervised":{"hyperparameters":
               {"n_epochs":3,"batch_size":16,"lora_r":4,"learning_rate_multiplier":2}}}}
            """
                .formatted(NEEDED));
    assertThat(request.spec().method())
        .isInstanceOfSatisfying(Lora.class, l -> assertThat(l.r()).isEqualTo(4));
    assertThat(request.spec().seed()).isEqualTo(7);
    assertThat(request.learningRateMultiplier()).isEqualTo(2);
    assertThat(request.validationFile()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|model",
        "{\"model\":\"base\"}|training_file",
        "{$,\"colour\":1}|colour",
        "{$,\"suffix\":\"a:b\"}|suffix",
        "{$,\"seed\":-1}|seed",
        "{$,\"priority\":101}|priority",
        "{$,\"metadata\":{\"a\":1}}|metadata.a",
        "{$,\"integrations\":[{\"type\":\"wandb\"}]}|integrations[0].type",
        "{$,\"adapter\":{\"peft\":{\"peft_type\":\"LORA\",\"r\":0}}}|adapter.peft.r",
        "{$,\"method\":{\"type\":\"reinforcement\"}}|method.type",
        "{$,\"adapter\":{\"quantization\":{\"load_in_4bit\":1}}}|adapter.quantization.load_in_4bit",
      })
  void everyFaultIsNamedByItsPath(String body, String path) {
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> read(body.replace("$", NEEDED)))
        .satisfies(
            rejected ->
                assertThat(rejected.problems())
                    .extracting(SpecRejected.Problem::path)
                    .contains(path));
  }

  @Test
  void allProblemsAreToldAtOnce() {
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> read("{\"model\":5,\"x\":1,\"adapter\":{\"peft\":{\"r\":0}}}"))
        .satisfies(
            rejected ->
                assertThat(rejected.problems())
                    .extracting(SpecRejected.Problem::path)
                    .containsAll(List.of("x", "model", "training_file", "adapter.peft.r")));
  }

  @Test
  void rowsAreHeldOutInsteadOfAValidationFile() {
    String adapter = "\"adapter\":{\"training\":{\"held_out\":0.1}}";
    String job = "{\"model\":\"tiny\",\"training_file\":\"file-1\"," + adapter + "%s}";
    assertThat(read(job.formatted("")).spec().training().evaluation().heldOut()).isEqualTo(0.1);
    for (String bad :
        List.of(
            job.formatted(",\"validation_file\":\"file-2\""),
            job.formatted("").replace("0.1", "0.6"))) {
      assertThatExceptionOfType(SpecRejected.class)
          .isThrownBy(() -> read(bad))
          .satisfies(
              rejected ->
                  assertThat(rejected.problems())
                      .extracting(SpecRejected.Problem::path)
                      .containsExactly("adapter.training.held_out"));
    }
  }

  private static JobRequest read(String json) {
    return JobRequest.read(JsonMapper.shared().readTree(json));
  }
}
