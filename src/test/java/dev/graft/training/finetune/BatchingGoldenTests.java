package dev.graft.training.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.graft.spec.AdapterSpecs;
import dev.graft.spec.Hyperparameters;
import dev.graft.text.TokenizedRow;
import dev.graft.training.MicroBatch;
import dev.graft.training.Schedules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Windows, divisors and rates of a running transformers Trainer; files in GRAFT_PARITY. */
class BatchingGoldenTests {
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  void stepsAreThoseOfTransformers() throws IOException {
    String directory = System.getenv("GRAFT_PARITY");
    assumeTrue(directory != null, "GRAFT_PARITY is not set");
    JsonNode golden = JSON.readTree(Files.readString(Path.of(directory, "data-path.json")));
    int checked = 0;
    for (JsonNode each : golden.get("cases")) {
      boolean ours =
          each.get("kind").stringValue().equals("batching")
              && each.get("settings").get("trainer").stringValue().equals("sft");
      if (!ours) continue;
      check(each);
      checked++;
    }
    assertThat(checked).isEqualTo(8);
  }

  private static void check(JsonNode each) {
    ObjectNode settings = (ObjectNode) each.get("settings").deepCopy();
    settings.remove(List.of("trainer", "learning_rate"));
    settings.put("train_sampling_strategy", "sequential");
    ObjectNode adapter = JSON.createObjectNode();
    adapter.set("training", settings);
    Hyperparameters training = AdapterSpecs.resolve(adapter, null, null, null).training();
    List<TokenizedRow> list = new ArrayList<>();
    for (JsonNode row : each.get("rows")) {
      int[] ids = JSON.treeToValue(row.get("input_ids"), int[].class);
      list.add(new TokenizedRow(1, ids, JSON.treeToValue(row.get("labels"), int[].class)));
    }
    TokenRows rows = new TokenRows.Separate(list);
    BatchPlan plan = new BatchPlan(training, 42, rows.lengths());
    String name = each.get("name").stringValue();
    JsonNode expected = each.get("expected");
    assertThat(plan.totalSteps()).as(name).isEqualTo(expected.get("total_steps").longValue());
    for (int step = 0; step < plan.totalSteps(); step++) {
      JsonNode want = expected.get("steps").get(step);
      List<int[]> window = plan.window(step);
      assertThat(JSON.<JsonNode>valueToTree(window)).as(name).isEqualTo(want.get("micro_batches"));
      assertThat(window.stream().map(rows::batch).mapToLong(MicroBatch::targets).sum())
          .as(name)
          .isEqualTo(want.get("num_items_in_batch").longValue());
      assertThat(Schedules.multiplier(training.lrScheduler(), step, 0, plan.totalSteps(), 1))
          .as(name)
          .isCloseTo(want.get("lr").doubleValue(), within(1e-8));
      assertThat(plan.epochs(step + 1))
          .as(name)
          .isCloseTo(want.get("epoch").doubleValue(), within(1e-4));
    }
  }
}
