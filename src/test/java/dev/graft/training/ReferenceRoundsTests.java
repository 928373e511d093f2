package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceRoundsTests {
  private @TempDir Path directory;

  private static List<String> shell(String script) {
    return List.of("sh", "-c", script);
  }

  private static List<String> prints(String line) {
    return shell("echo starting; echo '%s'".formatted(line.replace('\'', '"')));
  }

  private static ReferenceRounds.Outcome run(List<String> graft, List<String> other, int rounds)
      throws Exception {
    return new ReferenceRounds(graft, other, rounds).run(round -> {});
  }

  @Test
  void theOtherOneGoesFirstInEveryOtherRound() throws Exception {
    Path log = directory.resolve("log");
    String line = "; echo '{\"tokens_per_second\": 2, \"peak_rss_mb\": 1}'";
    List<String> graft = shell("echo graft >> " + log + line);
    List<String> other = shell("echo other >> " + log + line);
    run(graft, other, 3);
    assertThat(Files.readAllLines(log))
        .containsExactly("graft", "other", "other", "graft", "graft", "other");
  }

  @Test
  void ratiosAreGraftsSpeedAndMemoryByTheOthers() throws Exception {
    List<String> graft =
        prints("{'tokens_per_second':300,'seconds_per_step':2,'peak_rss_mb':40,'losses':[3,9]}");
    List<String> tokens = prints("{'tokens_per_second':100,'peak_rss_mb':80,'losses':[2.5,1]}");
    ReferenceRounds.Outcome outcome = run(graft, tokens, 2);
    assertThat(outcome.speedRatio().median()).isCloseTo(3, within(1e-12));
    assertThat(outcome.memoryRatio().highest()).isCloseTo(0.5, within(1e-12));
    assertThat(outcome.lossDifference()).isCloseTo(0.5, within(1e-12));
    assertThat(outcome.rounds()).hasSize(2);
    outcome = run(graft, prints("{'seconds_per_step':5,'peak_rss_mb':80}"), 1);
    assertThat(outcome.speedRatio().median()).isCloseTo(2.5, within(1e-12));
    assertThat(outcome.lossDifference()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          exit 3                                             | the reference ended with 3
          true                                               | the reference printed no line of JSON
          echo '{'                                           | no JSON object
          echo '{"peak_rss_mb":1}'                           | seconds_per_step must be a number
          echo '{"tokens_per_second":"many","peak_rss_mb":1}'| tokens_per_second must be a number
          echo '{"tokens_per_second":1}'                     | peak_rss_mb must be a number
          """)
  void whatItDoesNotTellIsSaid(String script, String message) {
    List<String> graft = prints("{'tokens_per_second':300,'seconds_per_step':2,'peak_rss_mb':40}");
    assertThatThrownBy(() -> run(graft, shell(script), 1))
        .isInstanceOf(ReferenceRounds.Unusable.class)
        .hasMessageContaining(message);
  }
}
