package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.RowInspection.CountedRows;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CountedRowsTests {
  private static final JsonNode SAID =
      new JsonMapper()
          .readTree(
              """
              {"rows": 100, "truncated_rows": 3, "dropped_rows": 1, "tokens_per_epoch": 5000,
               "trained_tokens_per_epoch": 700, "epochs": 2.0, "total_steps": 26}
              """);

  @Test
  void aWholeFileIsAsItWasCounted() {
    assertThat(CountedRows.of(SAID, 800, 800, 0))
        .isEqualTo(new CountedRows(100, 3, 1, 5000, 700, 2, 26, true));
  }

  @Test
  void ofALargeFileTheRestIsAsTheBeginning() {
    CountedRows rows = CountedRows.of(SAID, 800, 2000, 0);
    assertThat(rows).isEqualTo(new CountedRows(250, 8, 3, 12_500, 1750, 2, 65, false));
    assertThat(rows.tokens()).isEqualTo(25_000);
  }

  @Test
  void stepsThatWereAskedForStayAndMakeFewerEpochs() {
    CountedRows rows = CountedRows.of(SAID, 800, 1600, 26);
    assertThat(rows.totalSteps()).isEqualTo(26);
    assertThat(rows.epochs()).isEqualTo(1);
    assertThat(rows.tokens()).isEqualTo(10_000);
  }
}
