package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultCsvTests {
  @Test
  void stepsAreMergedAndALaterReportOfAStepReplacesTheEarlier() {
    byte[] csv =
        Publication.ResultCsv.of(
            List.of(
                "{\"step\":1,\"train_loss\":2.5,\"train_mean_token_accuracy\":0.25}",
                "{\"step\":2,\"train_loss\":9.0}",
                "{\"step\":2,\"train_loss\":2.0,\"train_mean_token_accuracy\":0.5}",
                "{\"step\":2,\"valid_loss\":1.5,\"valid_mean_token_accuracy\":0.75}"));
    assertThat(new String(csv, StandardCharsets.UTF_8))
        .isEqualTo(
            """
            step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy
            1,2.5,0.25,,
            2,2.0,0.5,1.5,0.75
            """);
  }

  @Test
  void otherMeasuresOfTheValidationFileGetColumnsBehindThoseOfOpenAi() {
    byte[] csv =
        Publication.ResultCsv.of(
            List.of(
                "{\"step\":1,\"train_loss\":2.5,\"grad_norm\":1}",
                "{\"step\":2,\"valid_loss\":1.5,\"valid_f1_macro\":0.5,\"valid_accuracy\":0.75}"));
    assertThat(new String(csv, StandardCharsets.UTF_8))
        .isEqualTo(
            """
            step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,valid_accuracy,valid_f1_macro
            1,2.5,,,,,
            2,,,1.5,,0.75,0.5
            """);
  }

  @Test
  void jobsThatLearnedFromPairsHaveTheirRewardsToo() {
    byte[] csv =
        Publication.ResultCsv.of(
            List.of(
                "{\"step\":1,\"train_loss\":2.5,\"rewards/margins\":0.25,\"logps/chosen\":-3}",
                "{\"step\":1,\"valid_loss\":1.5,\"valid_rewards/margins\":0.5}"));
    assertThat(new String(csv, StandardCharsets.UTF_8))
        .isEqualTo(
            """
            step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,rewards/margins,valid_rewards/margins
            1,2.5,,1.5,,0.25,0.5
            """);
  }
}
